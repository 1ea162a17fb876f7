"""controls.csv: time and commanded value of every control."""
from __future__ import annotations

import contextlib
import csv
import pathlib
from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import cut, shown
from ros_animate.files import atomic_path, drop_torn_line, naming_write_errors
from ros_animate.types import Array

STAMP = 'stamp_s'


class ControlsTable:
    """Writes the table row by row; it appears under its name when it is closed.

    If it cannot be completed, because the disk is full, it appears with the rows that it holds.
    """

    def __init__(self, path: pathlib.Path, names: Sequence[str]) -> None:
        self._path = path
        self._stack = contextlib.ExitStack()
        self._writer = csv.writer(self._stack.enter_context(open_table(path)))
        self._writer.writerow([STAMP, *names])

    def write(self, stamp_s: float, position: Array) -> None:
        """Appends a row: time in seconds, (N,) values in robot units; raises WriteError."""
        with naming_write_errors(self._path):
            self._writer.writerow([f'{stamp_s:.6f}', *(f'{value:.6f}' for value in position)])

    def close(self) -> None:
        """Finishes the file; may be called twice. Raises WriteError."""
        self._stack.close()


@contextlib.contextmanager
def open_table(path: pathlib.Path) -> Iterator[TextIO]:
    """A text file for rows that keeps the whole ones if the disk is full or the run interrupted.

    Raises:
        WriteError: The file cannot be written.
    """
    with atomic_path(path, keep_partial=True) as temporary:
        try:
            with temporary.open('w', newline='', encoding='utf-8') as file:
                yield file
        except OSError:
            if temporary != path:  # not a pipe
                drop_torn_line(temporary)
            raise
        except Exception:
            if temporary != path:
                temporary.unlink()
            raise


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
    except (ValueError, csv.Error) as error:
        raise ConfigurationError(f'{path} is not a table of controls: {cut(str(error))}'
                                 ) from error
    if header[:1] != [STAMP]:
        raise ConfigurationError(f'{path}: the first column is {STAMP}, got {shown(header[:1])}')
    return header[1:], values[:, 0], values[:, 1:]
