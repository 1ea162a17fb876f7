"""What is noted of a run: log.csv, event files for TensorBoard, curves.png."""
from __future__ import annotations

import csv
import os
import pathlib
from types import TracebackType

import numpy as np

from ros_animate.training.events import EventFile

COLUMNS = ('step', 'loss', 'learning_rate', 'validation_mae')
TABLE, CURVES = 'log.csv', 'curves.png'


class Log:
    """A context manager. Rows of steps from `start` on, of an earlier run, are dropped."""

    def __init__(self, folder: pathlib.Path, start: int) -> None:
        self._path, self._folder = folder / TABLE, folder
        rows = [row for row in read_log(folder) if int(row['step']) <= start]
        part = folder / f'.part.{TABLE}'
        with part.open('w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        os.replace(part, self._path)
        self._file = self._path.open('a', newline='', encoding='utf-8')
        self._writer = csv.writer(self._file)
        self._events = EventFile(folder)

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._file.close()
        self._events.close()

    def write(self, step: int, loss: float, learning_rate: float,
              validation_mae: float | None) -> None:
        """One row, and one point of each curve."""
        seen = '' if validation_mae is None else f'{validation_mae:.6f}'
        self._writer.writerow([step, f'{loss:.8g}', f'{learning_rate:.6g}', seen])
        self._file.flush()
        scalars = {'loss': loss, 'learning_rate': learning_rate}
        if validation_mae is not None:
            scalars['validation_mae'] = validation_mae
        self._events.add(step, scalars)


def read_log(folder: pathlib.Path) -> list[dict[str, str]]:
    """The rows of a run's table, without a last one that is cut off; none without a table."""
    try:
        with (folder / TABLE).open(newline='', encoding='utf-8') as file:
            return [row for row in csv.DictReader(file)
                    if None not in row.values() and (row.get('step') or '').isdigit()]
    except OSError:
        return []


def plot_curves(folder: pathlib.Path) -> None:
    """Draws loss and validation error by step."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    rows = read_log(folder)
    figure = Figure(figsize=(10, 7), layout='constrained')
    FigureCanvasAgg(figure)
    for axes, name in zip(figure.subplots(2, 1, sharex=True), ('loss', 'validation_mae'),
                          strict=True):
        points = np.array([(float(r['step']), float(r[name])) for r in rows if r[name]])
        if len(points):
            axes.plot(*points.T, marker='' if len(points) > 50 else '.')
            axes.set_yscale('log')
        axes.set_ylabel(name.replace('_', ' '))
        axes.grid(alpha=0.3, which='both')
    axes.set_xlabel('step')
    part = folder / f'.part.{CURVES}'
    figure.savefig(part, dpi=100)
    os.replace(part, folder / CURVES)
