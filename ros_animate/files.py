"""Atomic file writes: a reader finds the previous file or the complete one, never a part of it.

The data goes into a temporary file in the same folder, which takes the final name at the end and is
removed after an error. A process that is killed leaves it behind as `.part.NAME`.
"""
from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import pathlib
import secrets
from collections.abc import Iterator
from typing import IO, Any

from ros_animate.errors import UserError

PREFIX = '.part.'
MAX_NAME_BYTES = 255  # of nearly every file system
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
REMEDIES = {
    errno.ENOSPC: 'free some space, or choose another folder',
    errno.EDQUOT: 'free some space, or choose another folder',
    errno.EFBIG: 'the limit of this shell or file system is reached (ulimit -f)',
    errno.EROFS: 'choose another folder',
    errno.EACCES: 'choose another folder',
    errno.ENAMETOOLONG: f'a name has at most {MAX_NAME_BYTES} bytes',
}


class WriteError(UserError, OSError):
    """A file cannot be written; the message names it, the reason and the remedy."""

    def __init__(self, path: str | os.PathLike[str], error: OSError) -> None:
        super().__init__()
        self._arguments = path, error
        self.errno, self.strerror = error.errno, error.strerror or str(error)
        remedy = REMEDIES.get(error.errno or 0)
        self._message = (f'cannot write {os.fspath(path)}: {self.strerror}'
                         + (f'; {remedy}' if remedy else ''))

    def __str__(self) -> str:
        return self._message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


@contextlib.contextmanager
def naming_write_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Errors of the operating system inside the block become a WriteError that names `path`."""
    try:
        yield
    except (WriteError, BrokenPipeError):
        raise
    except OSError as error:
        raise WriteError(path, error) from error


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str], *, durable: bool = False, concurrent: bool = False,
                keep_partial: bool = False) -> Iterator[pathlib.Path]:
    """Path of a temporary file that becomes `path` when the block ends without an error.

    A device or a pipe (/dev/stdout) is written directly.

    Args:
        path: Final name. Its folder must exist.
        durable: True to wait until the data is on the disk and survives a loss of power.
        concurrent: True if several threads or processes may write `path` at the same time. The
            temporary names are random then, and what a killed process leaves is never overwritten.
        keep_partial: True if the file gets its final name after an error as well, unless it is
            empty: for formats that can be read as far as they were written.

    Raises:
        WriteError: The file cannot be written or renamed.
    """
    path = pathlib.Path(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        with naming_write_errors(path):
            yield path
        return
    temporary = temporary_path(path, f'{secrets.token_hex(4)}.' if concurrent else '')
    with naming_write_errors(path):
        try:
            # What others placed there, such as a link, must not be written through.
            temporary.unlink(missing_ok=True)
            yield temporary
            if durable:
                _sync(temporary)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                if keep_partial and temporary.stat().st_size:
                    os.replace(temporary, path)
                temporary.unlink(missing_ok=True)
            raise
    if durable:
        # Some file systems cannot sync a folder.
        with contextlib.suppress(OSError):
            _sync(path.parent)


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str], mode: str = 'w', *, newline: str | None = None,
                durable: bool = False, concurrent: bool = False,
                keep_partial: bool = False) -> Iterator[IO[Any]]:
    """An open file that becomes `path` when the block ends without an error.

    Args:
        path: Final name. Its folder must exist.
        mode: 'w' for UTF-8 text, 'wb' for bytes.
        newline: Line ends of a text file, as for `open`.
        durable: As for `atomic_path`.
        concurrent: As for `atomic_path`.
        keep_partial: As for `atomic_path`.

    Raises:
        WriteError: The file cannot be written or renamed.
    """
    encoding = None if 'b' in mode else 'utf-8'
    with (atomic_path(path, durable=durable, concurrent=concurrent,
                      keep_partial=keep_partial) as temporary,
          temporary.open(mode, encoding=encoding, newline=newline) as file):
        yield file


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Writes a whole file of text (UTF-8) or bytes; raises WriteError."""
    with atomic_file(path, 'w' if isinstance(content, str) else 'wb') as file:
        file.write(content)


def temporary_path(path: pathlib.Path, infix: str = '') -> pathlib.Path:
    """Name of the temporary file for `path`, with the same suffix; never too long for a folder."""
    name = f'{PREFIX}{infix}{path.name}'
    if len(os.fsencode(name)) > MAX_NAME_BYTES:
        digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
        name = f'{PREFIX}{infix}{digest}{path.suffix}'
    return path.with_name(name)


@contextlib.contextmanager
def locked_folder(folder: str | os.PathLike[str], purpose: str) -> Iterator[None]:
    """Refuses a second process that writes into the folder at the same time.

    Args:
        folder: An existing folder.
        purpose: Of both processes, e.g. 'run'.

    Raises:
        WriteError: Another process has the folder.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WriteError(folder, OSError(error.errno, f'another {purpose} is writing into it')
                             ) from error
        except OSError:  # some file systems have no locks
            pass
        yield
    finally:
        os.close(handle)


def drop_torn_line(path: str | os.PathLike[str]) -> None:
    """Cuts a text file after its last whole line."""
    with contextlib.suppress(FileNotFoundError), open(path, 'r+b') as file:
        file.truncate(file.read().rfind(b'\n') + 1)


@contextlib.contextmanager
def plain_name(path: str | os.PathLike[str]) -> Iterator[str]:
    """A name by which FFmpeg and OpenCV open an existing file, whatever it is called.

    They take `12:30.mp4` for an address, and crash over a name that is not UTF-8.
    """
    absolute = os.path.abspath(path)
    try:
        absolute.encode('utf-8')
    except UnicodeEncodeError:
        with open(absolute, 'rb') as file:
            yield f'/proc/self/fd/{file.fileno()}'
    else:
        yield absolute


def _sync(path: pathlib.Path) -> None:
    """Waits until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
