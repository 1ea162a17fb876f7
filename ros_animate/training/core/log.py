"""The log of a training: log.csv, event files of TensorBoard, curves.png."""
from __future__ import annotations

import contextlib
import csv
import logging
import pathlib
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from ros_animate.files import WriteError, atomic_file, atomic_path, naming_write_errors

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TABLE, CURVES = 'log.csv', 'curves.png'

_log = logging.getLogger(__name__)
_FORMATS = {'learning_rate': '.6g', 'validation_mae': '.6f'}


class TrainingLog:
    """Scalars of a training by step. A context manager.

    Rows and events of an earlier run after step `start` are dropped: they come again.

    Args:
        folder: Folder of the run.
        start: Number of steps that are done.
        columns: Names of the scalars.
    """

    def __init__(self, folder: pathlib.Path, start: int, columns: Sequence[str]) -> None:
        self._columns = columns
        path = self._path = folder / TABLE
        rows = [row for row in read_log(folder) if int(row['step']) <= start]
        with atomic_file(path, newline='') as file:
            writer = csv.DictWriter(file, ('step', *columns))
            writer.writeheader()
            writer.writerows(rows)
        self._file = path.open('a', newline='', encoding='utf-8')
        self._writer = csv.writer(self._file)
        self._events = _open_events(folder, start)
        self._hook = threading.excepthook
        threading.excepthook = self._drop_write_errors

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            with naming_write_errors(self._path), contextlib.ExitStack() as closing:
                threading.excepthook = self._hook
                if self._events is not None:
                    closing.callback(self._events.close)
                closing.callback(self._file.close)
        except WriteError:
            if not isinstance(error, WriteError):  # the first one tells the reason
                raise

    def write(self, step: int, values: Mapping[str, float | None]) -> None:
        """Appends one row, and one point to each curve; missing values and None stay empty.

        Raises:
            WriteError: The disk is full.
        """
        known = {name: value for name in self._columns if (value := values.get(name)) is not None}
        with naming_write_errors(self._path):
            self._writer.writerow([step, *(format(known[name], _FORMATS.get(name, '.8g'))
                                           if name in known else '' for name in self._columns)])
            self._file.flush()
            if self._events is not None:
                for name, value in known.items():
                    self._events.add_scalar(name, value, step)
                self._events.flush()

    def _drop_write_errors(self, failure: threading.ExceptHookArgs) -> None:
        """Prints no traceback of TensorBoard's thread on a full disk: `write` raises the error."""
        if not isinstance(failure.exc_value, OSError):
            self._hook(failure)


def _open_events(folder: pathlib.Path, start: int) -> SummaryWriter | None:
    """TensorBoard's writer; None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        _log.warning('tensorboard is not installed: scalars are written to %s only', TABLE)
        return None
    return SummaryWriter(str(folder), purge_step=start + 1)


def read_log(folder: pathlib.Path) -> list[dict[str, str]]:
    """Rows of a run's log.csv, without a last one that is cut off; [] without the file."""
    try:
        with (folder / TABLE).open(newline='', encoding='utf-8') as file:
            return [row for row in csv.DictReader(file)
                    if None not in row.values() and (row.get('step') or '').isdigit()]
    except OSError:
        return []


def plot_curves(folder: pathlib.Path, names: Sequence[str]) -> None:
    """Draws columns of the log by step."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    rows = read_log(folder)
    figure = Figure(figsize=(10, 3.5 * len(names)), layout='constrained')
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(grid, names, strict=True):
        points = np.array([(float(r['step']), float(r[name])) for r in rows if r.get(name)])
        if len(points):
            axes.plot(*points.T, marker='' if len(points) > 50 else '.')
            axes.set_yscale('log')
        axes.set_ylabel(name.replace('_', ' '))
        axes.grid(alpha=0.3, which='both')
    grid[-1].set_xlabel('step')
    with atomic_path(folder / CURVES) as temporary:
        figure.savefig(temporary, dpi=100)
