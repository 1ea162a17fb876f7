"""Files that keep a state of the robot from one process to the next.

They may lie in a folder that other users can write, so nothing is followed through links, and
nobody else's file is used.
"""
from __future__ import annotations

import errno
import os
import pathlib
import stat


def open_state_file(path: pathlib.Path) -> int:
    """Descriptor of a file of this user alone, for reading and writing; made if it is missing.

    Raises:
        OSError: The file cannot be opened, is a link or not a regular file, has a second name, or
            belongs to somebody else.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(error.errno, 'it is a link, which is not followed', str(path)) from error
        raise
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_uid == os.geteuid():
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EPERM, 'it is not a file of this user alone', str(path))


def make_state_folder(folder: pathlib.Path) -> None:
    """Makes a folder that only this user can enter, unless it exists; raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
