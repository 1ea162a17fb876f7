"""controls.csv: when, and what every control was commanded to."""
from __future__ import annotations

import csv
import os
import pathlib
from collections.abc import Sequence
from typing import TextIO

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.types import Array

STAMP = 'stamp_s'


class ControlsTable:
    """Writes the table row by row; it appears under its name, complete, when it is closed."""

    def __init__(self, path: pathlib.Path, names: Sequence[str]) -> None:
        self._path = path
        self._part = path.with_name(f'.part.{path.name}')
        self._file: TextIO | None = self._part.open('w', newline='', encoding='utf-8')
        self._writer = csv.writer(self._file)
        self._writer.writerow([STAMP, *names])

    def write(self, stamp_s: float, position: Array) -> None:
        """Appends a row: seconds, (N,) robot units."""
        self._writer.writerow([f'{stamp_s:.6f}', *(f'{value:.6f}' for value in position)])

    def close(self) -> None:
        """Finishes the file; may be called twice."""
        if self._file is None:
            return
        self._file.close()
        self._file = None
        os.replace(self._part, self._path)


def read_controls(path: pathlib.Path) -> tuple[list[str], Array, Array]:
    """Names (N,), stamps (T,) and positions (T, N) of a table.

    Raises:
        ConfigurationError: The file cannot be read or is no such table.
    """
    try:
        with open(path, newline='', encoding='utf-8') as file:
            header, *rows = csv.reader(file)
            values = np.array(rows, float).reshape(len(rows), len(header))
    except OSError as error:
        raise ConfigurationError(f'cannot read {path}: {error.strerror}') from error
    except ValueError as error:
        raise ConfigurationError(f'{path} is no table of controls: {error}') from error
    if header[:1] != [STAMP]:
        raise ConfigurationError(f'{path}: the first column is {STAMP}, got {header[:1]}')
    return header[1:], values[:, 0], values[:, 1:]
