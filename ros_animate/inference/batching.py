"""Networks that several threads share: the calls that wait are answered by one forward pass.

A call that finds the network free runs at once and alone, so nobody waits for a batch to fill.
Calls that come meanwhile form the next batch, in the order of their arrival: every caller has at
most one call under way, so none is passed over for longer than one forward pass.
"""
from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ros_animate.inference.cuda_graphs import flatten_tensors, map_tensors

MAX_BATCH = 16


class _Call:
    """A call of a network's method by one thread.

    Attributes:
        key: Calls with equal keys fit into one batch.
        done: True once there is a result or an error.
    """

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.name, self.arguments = name, arguments
        self.key = _batch_key(name, arguments)
        self.done = False
        self.result: Any = None
        self.error: Exception | None = None


class BatchedNetwork:
    """Takes the place of a network that several threads call.

    Its methods are those of the network. Arguments and results are tensors, tuples and dataclasses
    of tensors; those whose tensors have one item each are batched, all others run as they are. A
    call that fails in a batch is repeated alone, so that its error reaches its own caller only.

    Args:
        network: The network, prepared for inference.
        powers_of_two: True for batches of 1, 2, 4, … alone: a compiled network is compiled once
            for each size.

    Attributes:
        sizes: How many forward passes there were, by the size of their batch.
    """

    def __init__(self, network: nn.Module, *, powers_of_two: bool = False) -> None:
        self._network, self._powers_of_two = network, powers_of_two
        self._changed = threading.Condition()
        self._waiting: list[_Call] = []
        self._running = False
        self.sizes = Counter[int]()

    def __call__(self, *arguments: Any) -> Any:
        return self._run('__call__', arguments)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not callable(getattr(self._network, name)):
            raise AttributeError(f'{name} of a shared network')
        return lambda *arguments: self._run(name, arguments)

    def _run(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """The result of a call; whoever finds the network free runs it for all that wait."""
        call = _Call(name, arguments)
        with self._changed:
            self._waiting.append(call)
        while not call.done:
            with self._changed:
                self._changed.wait_for(lambda: call.done or not self._running)
                if call.done:
                    break
                batch, self._running = self._take_batch(), True
            try:
                self._answer(batch)
            finally:
                with self._changed:
                    self._running = False
                    self._changed.notify_all()
        if call.error is not None:
            raise call.error
        return call.result

    def _take_batch(self) -> list[_Call]:
        """Takes the call that has waited longest, and those that fit to it."""
        first = self._waiting[0]
        fitting = [call for call in self._waiting if call.key == first.key]
        count = min(len(fitting), MAX_BATCH) if first.key is not None else 1
        if self._powers_of_two:
            count = 1 << (count.bit_length() - 1)
        batch = fitting[:count] if first.key is not None else [first]
        self._waiting = [call for call in self._waiting if call not in batch]
        return batch

    def _answer(self, batch: Sequence[_Call]) -> None:
        """Sets the results or errors of the calls."""
        if len(batch) > 1 and self._answer_together(batch):
            return
        for call in batch:
            try:
                call.result = getattr(self._network, call.name)(*call.arguments)
                self.sizes[1] += 1
            except Exception as error:  # its caller's, not that of the thread that runs it
                call.error = error
            call.done = True

    def _answer_together(self, batch: Sequence[_Call]) -> bool:
        """One forward pass for several calls; False if it fails, or gives no batch."""
        try:
            joined = _join([call.arguments for call in batch])
            result = getattr(self._network, batch[0].name)(*joined)
        except Exception:  # of whichever call: each is repeated alone, and shows its own
            return False
        if any(t.ndim == 0 or len(t) != len(batch) for t in flatten_tensors(result)):
            return False
        self.sizes[len(batch)] += 1
        for index, call in enumerate(batch):
            call.result = _item(result, index)
            call.done = True
        return True


def _batch_key(name: str, arguments: tuple[Any, ...]) -> Hashable:
    """Method, shapes, types and device: equal for calls that fit into one batch; None for none."""
    tensors = flatten_tensors(arguments)
    if not tensors or any(t.ndim == 0 or len(t) != 1 for t in tensors):
        return None
    return (name, len(arguments), *((t.shape, t.dtype, t.device) for t in tensors))


def _item(result: Any, index: int) -> Any:
    """One item of a batch, as a batch of one."""
    return map_tensors(lambda t: t[index:index + 1], result)


def _join(arguments: Sequence[Any]) -> Any:
    """The arguments of several calls as those of one, along the first dimension."""
    columns = zip(*map(flatten_tensors, arguments), strict=True)
    joined: list[Tensor] = [torch.cat(column) for column in columns]
    following = iter(joined)
    return map_tensors(lambda _: next(following), arguments[0])
