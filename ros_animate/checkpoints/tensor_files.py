"""Reads files of tensors as nested containers: torch's two formats and safetensors.

Tensors are views of the memory-mapped file: tensors that are not used, such as the optimizer state
in a training checkpoint, are never read.
"""
from __future__ import annotations

import contextlib
import os
import pathlib
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from ros_animate import limits
from ros_animate.checkpoints import pickles
from ros_animate.checkpoints.pickle_records import StorageRecord, TensorRecord
from ros_animate.checkpoints.pickles import UnreadableFileError
from ros_animate.documents import DocumentError, regular_file
from ros_animate.errors import cut

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_SIZES = {'float64': 8, 'int64': 8, 'float32': 4, 'int32': 4, 'float16': 2, 'bfloat16': 2,
          'int16': 2, 'int8': 1, 'uint8': 1, 'bool': 1}


def read(path: str | os.PathLike[str]) -> Any:
    """Reads what `torch.save` or safetensors wrote: containers with tensors on the CPU.

    Objects of unknown classes become inert `Placeholder`s.

    Raises:
        UnreadableFileError: The file is of another kind, or damaged.
    """
    path = pathlib.Path(path)
    with _named_errors(path):
        if not path.is_file():
            raise UnreadableFileError(f'{path} is not there' if not path.exists()
                                      else f'{path} is not a file')
        regular_file(path, limits.CHECKPOINT_BYTES)
        with path.open('rb') as file:
            head = file.read(16)
        if not head:
            raise UnreadableFileError(f'{path} is empty')
        if head[8:9] == b'{':
            return _read_safetensors(path)
        if head[:4] == b'PK\x03\x04':
            return _read_zip(path)
        if head[:1] == b'\x80':
            return _read_legacy(path)
    raise UnreadableFileError(f'{path} is neither a torch nor a safetensors file')


@contextlib.contextmanager
def _named_errors(path: pathlib.Path) -> Iterator[None]:
    """Converts every error of malformed data into one that names the file."""
    from safetensors import SafetensorError
    try:
        yield
    except OSError as error:
        raise UnreadableFileError(f'cannot read {path}: {error.strerror or error}') from error
    except DocumentError as error:
        raise UnreadableFileError(f'{path}: {error}') from error
    except (*pickles.MALFORMED, zipfile.BadZipFile, NotImplementedError, RuntimeError,
            SafetensorError) as error:
        raise UnreadableFileError(f'{path} is damaged or not a file of tensors '
                                  f'({type(error).__name__}: '
                                  f'{cut(str(error))})') from error


def _read_safetensors(path: pathlib.Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file
    with path.open('rb') as file:
        size, = struct.unpack('<Q', file.read(8))
    if size > limits.TENSORS_HEADER_BYTES:
        raise ValueError(f'a header of {size} bytes, at most {limits.TENSORS_HEADER_BYTES} are '
                         'read')
    return load_file(path)


def _read_zip(path: pathlib.Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        check_stored(archive)
        entries = {info.filename: info for info in archive.infolist()}
        pickled = [name for name in entries if name.count('/') == 1 and name.endswith('/data.pkl')]
        if len(pickled) != 1:
            raise ValueError('a zip archive that torch did not write')
        root = pickled[0].removesuffix('data.pkl')
        if f'{root}byteorder' in entries:
            with archive.open(f'{root}byteorder') as file:
                if file.read(16) != b'little':
                    raise ValueError('it was written on a big-endian machine')
        if entries[pickled[0]].file_size > limits.PICKLE_BYTES:
            raise ValueError(f'a pickle of more than {limits.PICKLE_BYTES} bytes')
        with archive.open(pickled[0]) as file:
            content = pickles.load(file)  # type: ignore[arg-type]
    mapped = np.memmap(path, np.uint8, 'c')

    def memory(key: str) -> np.ndarray:
        info = entries[f'{root}data/{key}']
        start = info.header_offset + 30
        name_length, extra_length = struct.unpack('<HH', mapped[start - 4:start].tobytes())
        start += name_length + extra_length
        return mapped[start:start + info.file_size]

    return pickles.convert(content, _TensorBuilder(memory, len(mapped)))


def check_stored(archive: zipfile.ZipFile) -> None:
    """Raises ValueError for an archive that would be larger in memory than on the disk."""
    if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
        raise ValueError('compressed entries, which torch does not write')


def _read_legacy(path: pathlib.Path) -> Any:
    with path.open('rb') as file:
        if pickles.load(file) != _LEGACY_MAGIC:
            raise ValueError('a pickle that torch did not write')
        pickles.load(file)  # version
        system = pickles.load(file)
        if not isinstance(system, Mapping) or not system.get('little_endian'):
            raise ValueError('it was written on a big-endian machine')
        content, dtypes = pickles.load_with_dtypes(file)
        keys = pickles.load(file)
        start = file.tell()
    parts = _legacy_parts(np.memmap(path, np.uint8, 'c'), start, keys, dtypes)
    return pickles.convert(content, _TensorBuilder(parts.__getitem__, path.stat().st_size))


def _legacy_parts(mapped: np.ndarray, start: int, keys: Any,
                  dtypes: Mapping[str, str]) -> dict[str, np.ndarray]:
    """The storages behind the pickle: for each key an int64 count, then that many elements."""
    parts = {}
    for key in map(str, keys):
        count, = struct.unpack('<q', mapped[start:start + 8].tobytes())
        start += 8
        end = start + count * _SIZES[dtypes[key]]
        if count < 0 or end > len(mapped):
            raise ValueError('it ends too early')
        parts[key] = mapped[start:end]
        start = end
    return parts


class _TensorBuilder:
    """Builds tensors from records; tensors of one storage share its memory.

    Args:
        memory: Function from the key of a storage to its bytes.
        most_bytes: Most bytes of all storages together.
    """

    def __init__(self, memory: Callable[[str], np.ndarray], most_bytes: int) -> None:
        self._memory, self._bytes_left = memory, most_bytes
        self._storages: dict[str, torch.Tensor] = {}

    def __call__(self, record: TensorRecord) -> torch.Tensor:
        storage = record.storage
        if storage.key not in self._storages:
            self._storages[storage.key] = self._flat(storage)
        flat = self._storages[storage.key]
        if not record.offset <= len(flat):
            raise ValueError('a tensor outside its memory')
        return flat.as_strided(record.shape, record.stride, record.offset)

    def _flat(self, storage: StorageRecord) -> torch.Tensor:
        dtype = getattr(torch, storage.dtype)
        raw = self._memory(storage.key)
        size = _SIZES[storage.dtype]
        self._bytes_left -= len(raw)
        if self._bytes_left < 0:
            raise ValueError('its tensors overlap')
        if len(raw) % size or len(raw) // size < storage.numel:
            raise ValueError('a tensor is cut off')
        if raw.ctypes.data % size:
            raw = raw.copy()
        return torch.from_numpy(raw).view(dtype) if len(raw) else torch.empty(0, dtype=dtype)
