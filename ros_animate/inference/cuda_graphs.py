"""CUDA graphs: a step is recorded once and replayed, one launch instead of hundreds."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_WARM_UPS = 3  # runs before a graph is recorded, in which libraries select their kernels


class CudaGraphStep:
    """A function of tensors, recorded as a CUDA graph and replayed.

    A recording is for one set of input shapes; other shapes are recorded again.
    """

    def __init__(self, step: Callable[..., Any]) -> None:
        self._step = step
        self._shapes: list[torch.Size] = []

    def __call__(self, *arguments: Any) -> Any:
        given = flatten_tensors(arguments)
        if [t.shape for t in given] != self._shapes:
            self._record(arguments)
        for recorded, tensor in zip(self._inputs, given, strict=True):
            recorded.copy_(tensor)
        self._graph.replay()
        return map_tensors(torch.clone, self._outputs)

    def _record(self, arguments: tuple[Any, ...]) -> None:
        copies = map_tensors(torch.clone, arguments)
        self._inputs = flatten_tensors(copies)
        self._shapes = [t.shape for t in self._inputs]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                self._step(*copies)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = self._step(*copies)


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
