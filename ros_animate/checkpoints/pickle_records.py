"""Records that stand for the objects in a pickle (see `pickles`).

Each record is a class with its own `__setstate__`, so that no instruction of a pickle can reach
anything else through it.
"""
from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np

from ros_animate.errors import shown
from ros_animate.limits import EXPANDED_NUMBERS

MOST_AXES = 32


class Placeholder:
    """An inert record for an object of an unknown class: no contents, no behaviour.

    Attributes:
        stands_for: Name of the class in the file, e.g. 'omegaconf.dictconfig.DictConfig'.
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


class DictRecord(dict):
    """A dictionary of any class, without the state of its class (e.g. a state dict's metadata)."""

    def __init__(self, *_: Any) -> None:
        super().__init__()

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""


class DtypeRecord:
    """Element type of a NumPy array: plain numbers only."""

    def __init__(self, code: str, *_: Any) -> None:
        if not isinstance(code, str) or len(code) > MOST_AXES:
            raise pickle.UnpicklingError(f'arrays of {shown(code)}')
        self.numpy = np.dtype(code)
        if self.numpy.kind not in 'biufc':
            raise pickle.UnpicklingError(f'arrays of {shown(code)} are not read')

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ('<', '>'):
            self.numpy = self.numpy.newbyteorder(state[1])


class ArrayRecord:
    """A NumPy array; `numpy()` returns it."""

    def __init__(self, *_: Any) -> None:
        self._array: np.ndarray | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, fortran, raw = state
        self.fill(raw, dtype, shape, 'F' if fortran else 'C')

    def fill(self, raw: Any, dtype: DtypeRecord, shape: tuple[int, ...], order: str) -> None:
        if not isinstance(dtype, DtypeRecord) or not isinstance(raw, (bytes, bytearray)):
            raise pickle.UnpicklingError('an array without plain numbers')
        if order not in ('C', 'F'):
            raise pickle.UnpicklingError(f'an array in order {shown(order)}')
        if len(shape) > MOST_AXES:
            raise pickle.UnpicklingError(f'an array of {len(shape)} axes')
        # A view: a pickle may make any number of arrays of the same bytes.
        flat = np.frombuffer(raw, dtype.numpy)
        self._array = flat.reshape(shape, order='F' if order == 'F' else 'C')

    def numpy(self) -> np.ndarray:
        """The array, in the order of bytes of this machine."""
        if self._array is None:
            raise pickle.UnpicklingError('an array without contents')
        return self._array.astype(self._array.dtype.newbyteorder('='))


class BufferArrayRecord(ArrayRecord):
    """A NumPy array as pickle protocol 5 writes it."""

    def __init__(self, raw: Any, dtype: DtypeRecord, shape: tuple[int, ...], order: str) -> None:
        super().__init__()
        self.fill(raw, dtype, shape, order)


class ScalarRecord(ArrayRecord):
    """A NumPy number."""

    def __init__(self, dtype: DtypeRecord, raw: Any) -> None:
        super().__init__()
        self.fill(raw, dtype, (), 'C')


class BytesRecord(bytes):
    """Bytes as pickle protocol 2 writes them: a string whose code points are the bytes."""

    def __new__(cls, text: str, encoding: str) -> BytesRecord:
        if encoding != 'latin1':
            raise pickle.UnpicklingError(f'bytes written as {shown(encoding)}')
        return super().__new__(cls, text.encode('latin1'))

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""


class TupleRecord(tuple):
    """A subclass of tuple (`torch.Size`)."""

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""


class StorageRecord:
    """The memory of one or more tensors, stored elsewhere in the file.

    Attributes:
        dtype: Name of the element type, e.g. 'float32'.
        key: Name of the memory within the file.
        offset: Index of the first element.
        numel: Number of elements.
    """

    dtype = ''

    def __init__(self, key: str, numel: int, offset: int = 0) -> None:
        self.key, self.numel, self.offset = key, numel, offset

    def __setstate__(self, _: Any) -> None:
        raise pickle.UnpicklingError('a storage with a state')


class TensorRecord:
    """A tensor: a view of a storage.

    Attributes:
        storage: The memory.
        offset: Index of the first element in the memory.
        shape: Size of each dimension.
        stride: Distance in elements from one index to the next, of each dimension.
    """

    def __init__(self, storage: StorageRecord, offset: int, shape: tuple[int, ...],
                 stride: tuple[int, ...], *_: Any) -> None:
        if not isinstance(storage, StorageRecord) or len(shape) != len(stride) or len(
                shape) > MOST_AXES or not all(
                type(n) is int and n >= 0 for n in (offset, *shape, *stride)):
            raise pickle.UnpicklingError('a malformed tensor')
        last = offset + sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
        # An expanded tensor takes more memory than the file as soon as it is copied.
        most = max(storage.numel, EXPANDED_NUMBERS)
        if 0 not in shape and (last >= storage.numel or math.prod(shape) > most):
            raise pickle.UnpicklingError('a tensor larger than its memory')
        self.storage, self.offset = storage, offset + storage.offset
        self.shape, self.stride = tuple(shape), tuple(stride)

    def __setstate__(self, _: Any) -> None:
        """Drops the state (hooks, gradients)."""


class ParameterRecord:
    """`torch.nn.Parameter`, replaced by the tensor in it."""

    def __new__(cls, data: TensorRecord, *_: Any) -> TensorRecord:  # type: ignore[misc]
        if not isinstance(data, TensorRecord):
            raise pickle.UnpicklingError('a parameter that is no tensor')
        return data

    def __setstate__(self, _: Any) -> None:
        """Drops the state."""


_STORAGES = {'Float': 'float32', 'Double': 'float64', 'Half': 'float16', 'BFloat16': 'bfloat16',
             'Long': 'int64', 'Int': 'int32', 'Short': 'int16', 'Char': 'int8', 'Byte': 'uint8',
             'Bool': 'bool'}
RECORDS: dict[str, type] = {
    'collections.OrderedDict': DictRecord, 'collections.defaultdict': DictRecord,
    'torch.Size': TupleRecord,
    'torch._utils._rebuild_tensor': TensorRecord, 'torch._utils._rebuild_tensor_v2': TensorRecord,
    'torch._utils._rebuild_parameter': ParameterRecord, '_codecs.encode': BytesRecord,
    'torch._utils._rebuild_parameter_with_state': ParameterRecord,
    'numpy.ndarray': ArrayRecord, 'numpy.dtype': DtypeRecord,
    **{f'numpy.{core}.multiarray._reconstruct': ArrayRecord for core in ('core', '_core')},
    **{f'numpy.{core}.multiarray.scalar': ScalarRecord for core in ('core', '_core')},
    **{f'numpy.{core}.numeric._frombuffer': BufferArrayRecord for core in ('core', '_core')},
    **{f'{module}.{name}Storage': type(f'{name}Storage', (StorageRecord,), {'dtype': dtype})
       for module in ('torch', 'torch.cuda') for name, dtype in _STORAGES.items()},
    **{f'{module}.{kind.__name__}': kind for module in ('builtins', '__builtin__')
       for kind in (set, frozenset)},
}
