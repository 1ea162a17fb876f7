"""NumPy files from outside: .npy and .npz, checked before their numbers are read."""
from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from collections.abc import Collection
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from ros_animate import limits
from ros_animate.documents import DocumentError, regular_file
from ros_animate.errors import cut
from ros_animate.types import Array

# Everything that malformed files raise.
_MALFORMED = (ValueError, TypeError, LookupError, ArithmeticError, EOFError, SyntaxError,
              AttributeError, MemoryError, RecursionError, NotImplementedError, RuntimeError,
              tokenize.TokenError, zipfile.BadZipFile, zlib.error)
_VERSIONS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_array(path: str | os.PathLike[str], *, mapped: bool = False) -> np.ndarray:
    """The array of numbers or texts in a .npy file.

    Args:
        path: The file.
        mapped: True to map the file into memory instead of reading it.

    Raises:
        DocumentError: There is no such file, it is malformed, or larger than limits.ARRAY_BYTES.
    """
    try:
        size = regular_file(path, limits.LINES_BYTES if mapped else limits.ARRAY_BYTES + 1024)
        with open(path, 'rb') as file:
            expected = _array_bytes(file)
            if expected > size - file.tell():
                raise DocumentError(f'an array of {expected} bytes in a file of {size}')
        return np.load(path, mmap_mode='r' if mapped else None, allow_pickle=False)
    except DocumentError:
        raise
    except OSError as error:
        raise DocumentError(error.strerror or str(error)) from error
    except _MALFORMED as error:
        raise DocumentError(f'not a NumPy file ({cut(str(error))})') from error


def read_vector(path: str | os.PathLike[str]) -> Array:
    """(N,) finite numbers in a .npy file; raises DocumentError."""
    vector = read_array(path)
    if vector.ndim != 1 or vector.dtype.kind not in 'iuf' or not np.isfinite(vector).all():
        raise DocumentError('not a row of finite numbers')
    return np.asarray(vector, float)


def read_arrays(path: str | os.PathLike[str], names: Collection[str]) -> dict[str, np.ndarray]:
    """Arrays of a .npz file by their names.

    Args:
        path: The file.
        names: Names of the arrays, which must all be there.

    Raises:
        DocumentError: There is no such file, it is malformed, lacks an array, or the arrays take
            more than limits.ARRAY_BYTES.
    """
    try:
        regular_file(path, limits.ARRAY_BYTES)
        with zipfile.ZipFile(path) as archive:
            members = [archive.getinfo(f'{name}.npy') for name in names]
            total = sum(member.file_size for member in members)
            if total > limits.ARRAY_BYTES:
                raise DocumentError(f'arrays of {total} bytes, at most {limits.ARRAY_BYTES} are '
                                    'read')
            return {name: _read_member(archive, member)
                    for name, member in zip(names, members, strict=True)}
    except DocumentError:
        raise
    except OSError as error:
        raise DocumentError(error.strerror or str(error)) from error
    except _MALFORMED as error:
        raise DocumentError(f'not a NumPy archive of {", ".join(names)} '
                            f'({cut(str(error))})') from error


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    # Other methods may reserve any amount of memory for their dictionaries.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DocumentError('compressed in another way than NumPy does it')
    with archive.open(member) as file:
        expected = _array_bytes(file)
    if expected > member.file_size:
        raise DocumentError(f'an array of {expected} bytes in {member.file_size}')
    with archive.open(member) as file:
        return npy.read_array(file, allow_pickle=False)


def _array_bytes(file: IO[bytes]) -> int:
    """Size of the array whose header is read from `file`."""
    version: Any = npy.read_magic(file)
    if version not in _VERSIONS:
        raise DocumentError(f'version {version} of the format is not read')
    shape, _, dtype = _VERSIONS[version](file)
    if dtype.hasobject or dtype.kind not in 'biufcSU':
        raise DocumentError('it holds something else than numbers and texts')
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size < 0 or len(shape) > 8:
        raise DocumentError('an impossible shape')
    return size
