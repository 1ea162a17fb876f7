"""controls.csv: time and commanded value of every control."""
from __future__ import annotations

import contextlib
import csv
import pathlib
from collections.abc import Sequence

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.files import atomic_file
from ros_animate.types import Array

STAMP = 'stamp_s'


class ControlsTable:
    """Writes the table row by row; it appears under its name, complete, when it is closed."""

    def __init__(self, path: pathlib.Path, names: Sequence[str]) -> None:
        self._stack = contextlib.ExitStack()
        self._writer = csv.writer(self._stack.enter_context(atomic_file(path, newline='')))
        self._writer.writerow([STAMP, *names])

    def write(self, stamp_s: float, position: Array) -> None:
        """Appends a row: time in seconds, (N,) values in robot units."""
        self._writer.writerow([f'{stamp_s:.6f}', *(f'{value:.6f}' for value in position)])

    def close(self) -> None:
        """Finishes the file; may be called twice."""
        self._stack.close()


def read_controls(path: pathlib.Path) -> tuple[list[str], Array, Array]:
    """Control names (N,), stamps (T,) and positions (T, N) of a table.

    Raises:
        ConfigurationError: The file cannot be read or is not such a table.
    """
    try:
        with open(path, newline='', encoding='utf-8') as file:
            header, *rows = csv.reader(file)
            values = np.array(rows, float).reshape(len(rows), len(header))
    except OSError as error:
        raise ConfigurationError(f'cannot read {path}: {error.strerror}') from error
    except ValueError as error:
        raise ConfigurationError(f'{path} is not a table of controls: {error}') from error
    if header[:1] != [STAMP]:
        raise ConfigurationError(f'{path}: the first column is {STAMP}, got {header[:1]}')
    return header[1:], values[:, 0], values[:, 1:]
