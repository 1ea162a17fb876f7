"""CUDA graphs: a step is recorded once and replayed, one launch instead of hundreds."""
from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor

_WARM_UPS = 3  # runs before a graph is recorded, in which libraries select their kernels
_MOST_RECORDINGS = 4  # each keeps its features in the GPU's memory
_log = logging.getLogger(__name__)


class CudaGraphStep:
    """A function of tensors, recorded as CUDA graphs and replayed.

    A recording is for one signature: shapes and types of tensors, and the values of all other
    arguments. The newest few are kept. A step that cannot be recorded, as it waits for the GPU, is
    run as it is, and a warning says so once.
    """

    def __init__(self, step: Callable[..., Any],
                 record: Callable[..., Callable[..., Any]] | None = None) -> None:
        """Wraps `step`; `record` makes a recording of a step for arguments."""
        self._step, self._record = step, record or Recording
        self._recordings: dict[Hashable, Callable[..., Any]] = {}
        self._records = True

    def __call__(self, *arguments: Any) -> Any:
        if not self._records:
            return self._step(*arguments)
        key = signature(arguments)
        if key not in self._recordings:
            try:
                recording = self._record(self._step, arguments)
            except RuntimeError as error:
                _log.warning('no CUDA graph can be recorded, so the network runs without: %s',
                             str(error).partition('\n')[0])
                self._records = False
                return self._step(*arguments)
            while len(self._recordings) >= _MOST_RECORDINGS:
                del self._recordings[next(iter(self._recordings))]
            self._recordings[key] = recording
        return self._recordings[key](*arguments)


class Recording:
    """A CUDA graph of one step for arguments of one signature."""

    def __init__(self, step: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        copies = map_tensors(torch.clone, arguments)
        self._inputs = flatten_tensors(copies)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                step(*copies)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        # Other threads upload images and run other networks meanwhile.
        with torch.cuda.graph(self._graph, capture_error_mode='thread_local'):
            self._outputs = step(*copies)

    def __call__(self, *arguments: Any) -> Any:
        for recorded, tensor in zip(self._inputs, flatten_tensors(arguments), strict=True):
            recorded.copy_(tensor)
        self._graph.replay()
        return map_tensors(torch.clone, self._outputs)


def signature(value: Any) -> Hashable:
    """Shapes, types and devices of the tensors in `value`, and everything else as it is."""
    if isinstance(value, Tensor):
        return value.shape, value.dtype, value.device
    if isinstance(value, (tuple, list)):
        return type(value), tuple(map(signature, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value), tuple(signature(getattr(value, field.name))
                                  for field in dataclasses.fields(value))
    known: Hashable = value
    return known


def flatten_tensors(value: Any) -> list[Tensor]:
    """The tensors in nested tuples (also named ones) and dataclasses, in order."""
    tensors: list[Tensor] = []

    def append(tensor: Tensor) -> Tensor:
        tensors.append(tensor)
        return tensor
    map_tensors(append, value)
    return tensors


def map_tensors(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """Applies `function` to every tensor in nested tuples and dataclasses."""
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, (tuple, list)):
        items = [map_tensors(function, item) for item in value]
        return type(value)(*items) if hasattr(value, '_fields') else type(value)(items)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: map_tensors(function, getattr(value, f.name))
                 for f in dataclasses.fields(value)}
        return type(value)(**parts)
    return value
