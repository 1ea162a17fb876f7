"""What is noted of a run: log.csv, event files for TensorBoard, curves.png."""
from __future__ import annotations

import csv
import pathlib
from collections.abc import Mapping, Sequence
from types import TracebackType

import numpy as np

from ros_animate.files import atomic_file, atomic_path
from ros_animate.training.core.events import EventFile

TABLE, CURVES = 'log.csv', 'curves.png'


_FORMATS = {'learning_rate': '.6g', 'validation_mae': '.6f'}


class Log:
    """A context manager. Rows of steps from `start` on, of an earlier run, are dropped.

    Args:
        folder: Of the run.
        start: Steps done.
        columns: What is noted besides the step.
    """

    def __init__(self, folder: pathlib.Path, start: int, columns: Sequence[str]) -> None:
        self._columns = columns
        self._path, self._folder = folder / TABLE, folder
        rows = [row for row in read_log(folder) if int(row['step']) <= start]
        with atomic_file(self._path, newline='') as file:
            writer = csv.DictWriter(file, ('step', *columns))
            writer.writeheader()
            writer.writerows(rows)
        self._file = self._path.open('a', newline='', encoding='utf-8')
        self._writer = csv.writer(self._file)
        self._events = EventFile(folder)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._file.close()
        self._events.close()

    def write(self, step: int, values: Mapping[str, float | None]) -> None:
        """One row, and one point of each curve; what is None or not there stays empty."""
        known = {name: value for name in self._columns if (value := values.get(name)) is not None}
        self._writer.writerow([step, *(format(known[name], _FORMATS.get(name, '.8g'))
                                       if name in known else '' for name in self._columns)])
        self._file.flush()
        self._events.add(step, known)


def read_log(folder: pathlib.Path) -> list[dict[str, str]]:
    """The rows of a run's table, without a last one that is cut off; none without a table."""
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
