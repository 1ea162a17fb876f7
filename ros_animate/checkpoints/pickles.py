"""Reads pickles without executing anything that they ask for.

A pickle is a program: it names functions and has them called. Here no name that a file contains is
ever looked up. The few names that checkpoints and motion templates really need (arrays, tensors,
containers) stand for small records defined below; every other name stands for an inert
`Placeholder`. Each record is a class with its own `__setstate__`, so that no instruction of a
pickle can reach anything else through it.
"""
from __future__ import annotations

import pickle
import pickletools
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from ros_animate.errors import UserError

# All that unpickling malformed data raises; none of it is a defect of this program.
MALFORMED = (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError,
             AttributeError, OverflowError, MemoryError, RecursionError, struct.error)


class UnreadableFileError(UserError):
    """A file is truncated, foreign or malformed; the message names it."""


class Placeholder:
    """Stands for an object of a class that is not known here. Holds nothing and does nothing.

    Attributes:
        stands_for: The name in the file, e.g. 'omegaconf.dictconfig.DictConfig'.
    """

    stands_for = ''

    def __new__(cls, *_: Any, **__: Any) -> Placeholder:
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        """Drops the arguments."""

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""

    def __setitem__(self, _: Any, __: Any) -> None:
        """Drops the item."""

    def append(self, _: Any) -> None:
        """Drops the item."""

    def extend(self, _: Any) -> None:
        """Drops the items."""

    def add(self, _: Any) -> None:
        """Drops the item."""

    def __repr__(self) -> str:
        return f'<{self.stands_for}, not loaded>'


class Dict(dict):
    """Any kind of dictionary, without its class's own state (e.g. a state dict's metadata)."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""


class Dtype:
    """The kind of a NumPy array's elements: plain numbers only."""

    def __init__(self, code: str, *_: Any) -> None:
        self.numpy = np.dtype(str(code))
        if self.numpy.kind not in 'biufc':
            raise pickle.UnpicklingError(f'arrays of {code!r} are not read')

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ('<', '>'):
            self.numpy = self.numpy.newbyteorder(state[1])


class Array:
    """A NumPy array in a pickle; `numpy()` gives it."""

    def __init__(self, *_: Any) -> None:
        self._array: np.ndarray | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        self.fill(raw, dtype, shape, 'F' if fortran else 'C')

    def fill(self, raw: Any, dtype: Dtype, shape: tuple[int, ...], order: str) -> None:
        if not isinstance(dtype, Dtype) or not isinstance(raw, (bytes, bytearray)):
            raise pickle.UnpicklingError('an array without plain numbers')
        if order not in ('C', 'F'):
            raise pickle.UnpicklingError(f'an array in order {order!r}')
        flat = np.frombuffer(raw, dtype.numpy)
        native = flat.astype(dtype.numpy.newbyteorder('='))
        self._array = native.reshape(shape, order='F' if order == 'F' else 'C')

    def numpy(self) -> np.ndarray:
        if self._array is None:
            raise pickle.UnpicklingError('an array without contents')
        return self._array


class ArrayFromBuffer(Array):
    """The other way in which NumPy pickles arrays (protocol 5)."""

    def __init__(self, raw: Any, dtype: Dtype, shape: tuple[int, ...], order: str) -> None:
        super().__init__()
        self.fill(raw, dtype, shape, order)


class Scalar(Array):
    """A NumPy number."""

    def __init__(self, dtype: Dtype, raw: Any) -> None:
        super().__init__()
        self.fill(raw, dtype, (), 'C')


class LatinBytes(bytes):
    """Bytes as pickle protocol 2 writes them: a text whose code points are the bytes."""

    def __new__(cls, text: str, encoding: str) -> LatinBytes:
        if encoding != 'latin1':
            raise pickle.UnpicklingError(f'bytes written as {encoding!r}')
        return super().__new__(cls, text.encode('latin1'))

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""


class Tuple(tuple):
    """A tuple of another name (`torch.Size`)."""

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""


class Storage:
    """The memory of one or more tensors, which lies elsewhere in the file.

    Attributes:
        dtype: Name of the elements' type, e.g. 'float32'.
        key: Names the memory within the file.
        offset: First element of it that is meant.
        numel: Number of elements.
    """

    dtype = ''

    def __init__(self, key: str, numel: int, offset: int = 0) -> None:
        self.key, self.numel, self.offset = key, numel, offset

    def __setstate__(self, _: Any) -> None:
        raise pickle.UnpicklingError('a storage with a state')


class Tensor:
    """A tensor in a pickle: a view of a storage.

    Attributes:
        storage: The memory.
        offset: Elements before the first one, from the start of the memory.
        shape: Sizes.
        stride: Elements from one index to the next, by dimension.
    """

    def __init__(self, storage: Storage, offset: int, shape: tuple[int, ...],
                 stride: tuple[int, ...], *_: Any) -> None:
        sizes = (offset, *shape, *stride)
        if not isinstance(storage, Storage) or len(shape) != len(stride) or not all(
                type(n) is int and n >= 0 for n in sizes):
            raise pickle.UnpicklingError('a malformed tensor')
        last = offset + sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
        if 0 not in shape and last >= storage.numel:
            raise pickle.UnpicklingError('a tensor larger than its memory')
        self.storage, self.offset = storage, offset + storage.offset
        self.shape, self.stride = tuple(shape), tuple(stride)

    def __setstate__(self, _: Any) -> None:
        """Drops the state (hooks, gradients)."""


class Parameter:
    """`torch.nn.Parameter`: the tensor in it."""

    def __new__(cls, data: Tensor, *_: Any) -> Tensor:  # type: ignore[misc]
        if not isinstance(data, Tensor):
            raise pickle.UnpicklingError('a parameter that is no tensor')
        return data

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""


_STORAGES = {'Float': 'float32', 'Double': 'float64', 'Half': 'float16', 'BFloat16': 'bfloat16',
             'Long': 'int64', 'Int': 'int32', 'Short': 'int16', 'Char': 'int8', 'Byte': 'uint8',
             'Bool': 'bool'}
_RECORDS: dict[str, type] = {
    'collections.OrderedDict': Dict, 'collections.defaultdict': Dict, 'torch.Size': Tuple,
    'torch._utils._rebuild_tensor': Tensor, 'torch._utils._rebuild_tensor_v2': Tensor,
    'torch._utils._rebuild_parameter': Parameter, '_codecs.encode': LatinBytes,
    'torch._utils._rebuild_parameter_with_state': Parameter,
    'numpy.ndarray': Array, 'numpy.dtype': Dtype,
    **{f'numpy.{core}.multiarray._reconstruct': Array for core in ('core', '_core')},
    **{f'numpy.{core}.multiarray.scalar': Scalar for core in ('core', '_core')},
    **{f'numpy.{core}.numeric._frombuffer': ArrayFromBuffer for core in ('core', '_core')},
    **{f'{module}.{name}Storage': type(f'{name}Storage', (Storage,), {'dtype': dtype})
       for module in ('torch', 'torch.cuda') for name, dtype in _STORAGES.items()},
    **{f'{module}.{kind.__name__}': kind for module in ('builtins', '__builtin__')
       for kind in (set, frozenset)},
}


class _Reader(pickle.Unpickler):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding='latin1')
        self.dtypes: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> type:
        full = f'{module}.{name}'
        return _RECORDS.get(full) or type('Placeholder', (Placeholder,), {'stands_for': full})

    def persistent_load(self, identity: Any) -> Any:
        kind, record, *rest = identity
        if kind == 'module':
            return record
        if kind != 'storage' or not isinstance(record, type) or not issubclass(record, Storage):
            raise pickle.UnpicklingError('a tensor of an unknown kind')
        key, _, numel, *view = rest
        self.dtypes[str(key)] = record.dtype
        if view and view[0] is not None:  # (key, offset, size): a part of a storage, torch < 0.5
            _, offset, numel = view[0]
            return record(str(key), int(numel), int(offset))
        return record(str(key), int(numel))


def load(file: BinaryIO) -> Any:
    """The next object in `file`, made of containers, numbers, texts and the records above.

    Raises:
        One of MALFORMED.
    """
    return load_with_dtypes(file)[0]


def load_with_dtypes(file: BinaryIO) -> tuple[Any, dict[str, str]]:
    """As `load`, and the element type of every storage that is named, by its key."""
    start = file.tell()
    for opcode, argument, position in pickletools.genops(file):
        # An unpickler reserves memory for the highest index that it is told to remember.
        if opcode.name in ('PUT', 'BINPUT', 'LONG_BINPUT') and int(argument or 0) > (position or 0):
            raise pickle.UnpicklingError('it asks for more memory than its size warrants')
    file.seek(start)
    reader = _Reader(file)
    return reader.load(), reader.dtypes


def convert(value: Any, tensor: Callable[[Tensor], Any]) -> Any:
    """`value` with plain containers, NumPy arrays, and `tensor(record)` for every tensor.

    Raises:
        One of MALFORMED, also for a container that holds itself.
    """
    return _Converter(tensor).convert(value)


class _Converter:
    def __init__(self, tensor: Callable[[Tensor], Any]) -> None:
        self._tensor = tensor
        self._done: dict[int, Any] = {}  # id of a container: its conversion, None while at work

    def convert(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, Array):
            return value.numpy()
        if not isinstance(value, (dict, list, tuple)):
            return value
        if id(value) in self._done and self._done[id(value)] is None:
            raise pickle.UnpicklingError('a container that holds itself')
        if id(value) not in self._done:
            self._done[id(value)] = None
            self._done[id(value)] = self._container(value)
        return self._done[id(value)]

    def _container(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.convert(item) for key, item in value.items()}
        items = [self.convert(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
