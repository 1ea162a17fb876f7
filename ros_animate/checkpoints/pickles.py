"""Reads pickles without executing anything that they ask for.

A pickle is a program: it names functions and calls them. Here no name in a file is ever looked up.
The few names that checkpoints and motion templates need (arrays, tensors, containers) are replaced
by the records of `pickle_records`, every other name by an inert `Placeholder`.
"""
from __future__ import annotations

import pickle
import pickletools
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

from ros_animate import limits
from ros_animate.checkpoints.pickle_records import (
    RECORDS,
    ArrayRecord,
    BytesRecord,
    Placeholder,
    StorageRecord,
    TensorRecord,
)
from ros_animate.errors import UserError, shown

# Everything that unpickling of malformed data raises.
MALFORMED = (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError,
             AttributeError, OverflowError, MemoryError, RecursionError, struct.error)


class UnreadableFileError(UserError):
    """A file is truncated, foreign or malformed; the message names it."""


class _Reader(pickle.Unpickler):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding='latin1')
        self.dtypes: dict[str, str] = {}
        self._placeholders: dict[tuple[str, str], type] = {}
        self._bytes: dict[str, bytes] = {}

    def find_class(self, module: str, name: str) -> Any:
        if len(module) + len(name) > limits.NAME_LENGTH * 4:
            raise pickle.UnpicklingError(f'a class with the name {shown(name)}')
        record = RECORDS.get(f'{module}.{name}')
        if record is not None:
            return self._encode if record is BytesRecord else record
        if (module, name) not in self._placeholders:
            if len(self._placeholders) >= limits.PICKLE_CLASSES:
                raise pickle.UnpicklingError(f'more than {limits.PICKLE_CLASSES} classes')
            self._placeholders[module, name] = type(
                'Placeholder', (Placeholder,), {'stands_for': f'{module}.{name}'})
        return self._placeholders[module, name]

    def _encode(self, text: str, encoding: str) -> bytes:
        """BytesRecord, once for each text: a pickle may name one as often as it likes."""
        if text not in self._bytes:
            self._bytes[text] = BytesRecord(text, encoding)
        return self._bytes[text]

    def persistent_load(self, identity: Any) -> Any:
        kind, record, *rest = identity
        if kind == 'module':
            return record
        known = isinstance(record, type) and issubclass(record, StorageRecord)
        if kind != 'storage' or not known:
            raise pickle.UnpicklingError('a tensor of an unknown kind')
        key, _, numel, *view = rest
        self.dtypes[str(key)] = record.dtype
        if view and view[0] is not None:  # (key, offset, size): a part of a storage, torch < 0.5
            _, offset, numel = view[0]
            return record(str(key), int(numel), int(offset))
        return record(str(key), int(numel))


def load(file: BinaryIO) -> Any:
    """The next object in `file`: containers, numbers, strings and records.

    Raises:
        One of MALFORMED.
    """
    return load_with_dtypes(file)[0]


def load_with_dtypes(file: BinaryIO) -> tuple[Any, dict[str, str]]:
    """The next object in `file`, and the element type of every storage by its key."""
    start = file.tell()
    for number, (opcode, argument, position) in enumerate(pickletools.genops(file)):
        if number >= limits.PICKLE_OPCODES:
            raise pickle.UnpicklingError(f'more than {limits.PICKLE_OPCODES} instructions')
        if (position or 0) - start > limits.PICKLE_BYTES:
            raise pickle.UnpicklingError(f'more than {limits.PICKLE_BYTES} bytes')
        # An unpickler reserves memory for the highest index of its memo.
        if opcode.name in ('PUT', 'BINPUT', 'LONG_BINPUT') and int(argument or 0) > (position or 0):
            raise pickle.UnpicklingError('it requests more memory than its size warrants')
    file.seek(start)
    reader = _Reader(file)
    return reader.load(), reader.dtypes


def convert(value: Any, tensor: Callable[[TensorRecord], Any]) -> Any:
    """`value` with plain containers, NumPy arrays, and `tensor(record)` for every tensor.

    Raises:
        One of MALFORMED, also for a container that holds itself.
    """
    return _Converter(tensor).convert(value)


class _Converter:
    def __init__(self, tensor: Callable[[TensorRecord], Any]) -> None:
        self._tensor = tensor
        self._array_bytes = 0
        self._done: dict[int, Any] = {}  # id of a container: its conversion, None in progress

    def convert(self, value: Any) -> Any:
        if isinstance(value, TensorRecord):
            return self._tensor(value)
        if isinstance(value, ArrayRecord):
            return self._array(value)
        if not isinstance(value, (dict, list, tuple)):
            return value
        if id(value) in self._done and self._done[id(value)] is None:
            raise pickle.UnpicklingError('a container that holds itself')
        if id(value) not in self._done:
            self._done[id(value)] = None
            self._done[id(value)] = self._container(value)
        return self._done[id(value)]

    def _array(self, record: ArrayRecord) -> Any:
        array = record.numpy()
        self._array_bytes += array.nbytes
        if self._array_bytes > limits.ARRAY_BYTES:
            raise pickle.UnpicklingError(f'arrays of more than {limits.ARRAY_BYTES} bytes')
        return array

    def _container(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.convert(item) for key, item in value.items()}
        items = [self.convert(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
