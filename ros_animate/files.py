"""Atomic file writes: a reader finds the previous file or the complete one, never a part of it.

The data goes into a temporary file in the same folder, which takes the final name at the end and is
removed after an error. A process that is killed leaves it behind as `.part.NAME`.
"""
from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
from collections.abc import Iterator
from typing import IO, Any

PREFIX = '.part.'


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str], *, durable: bool = False,
                concurrent: bool = False) -> Iterator[pathlib.Path]:
    """Path of a temporary file that becomes `path` when the block ends without an error.

    Args:
        path: Final name. Its folder must exist.
        durable: True to wait until the data is on the disk and survives a loss of power.
        concurrent: True if several threads or processes may write `path` at the same time. The
            temporary names are random then, and what a killed process leaves is never overwritten.

    Raises:
        OSError: The file cannot be written or renamed.
    """
    path = pathlib.Path(path)
    prefix = f'{PREFIX}{secrets.token_hex(4)}.' if concurrent else PREFIX
    temporary = path.with_name(f'{prefix}{path.name}')
    try:
        yield temporary
        if durable:
            _sync(temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        # Some file systems cannot sync a folder.
        with contextlib.suppress(OSError):
            _sync(path.parent)


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str], mode: str = 'w', *, newline: str | None = None,
                durable: bool = False, concurrent: bool = False) -> Iterator[IO[Any]]:
    """An open file that becomes `path` when the block ends without an error.

    Args:
        path: Final name. Its folder must exist.
        mode: 'w' for UTF-8 text, 'wb' for bytes.
        newline: Line ends of a text file, as for `open`.
        durable: As for `atomic_path`.
        concurrent: As for `atomic_path`.

    Raises:
        OSError: The file cannot be written or renamed.
    """
    encoding = None if 'b' in mode else 'utf-8'
    with (atomic_path(path, durable=durable, concurrent=concurrent) as temporary,
          temporary.open(mode, encoding=encoding, newline=newline) as file):
        yield file


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Writes a whole file of text (UTF-8) or bytes; raises OSError."""
    with atomic_file(path, 'w' if isinstance(content, str) else 'wb') as file:
        file.write(content)


def _sync(path: pathlib.Path) -> None:
    """Waits until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
