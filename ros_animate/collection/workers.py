"""Blocks of pairs, made in several processes, in order."""
from __future__ import annotations

import contextlib
import functools
from collections.abc import Generator
from dataclasses import dataclass

from ros_animate.collection.pairs import Pair, PairMaker
from ros_animate.workers import IsStopping, Workers, ordered_map

_ADVICE = 'start the same command again to go on, with fewer --workers if need be'


@dataclass(frozen=True)
class Part:
    """Pairs number `start` to `stop` of a block."""

    block: int
    start: int
    stop: int


def parts(first: int, stop: int, block_size: int) -> list[Part]:
    """The blocks that pairs number `first` to `stop` lie in."""
    return [Part(block, max(first - block * block_size, 0),
                 min(stop - block * block_size, block_size))
            for block in range(first // block_size, -(-stop // block_size))]


def make_all(maker: PairMaker, todo: list[Part],
             workers: Workers) -> Generator[list[Pair], None, None]:
    """The pairs of each part, in order; closing the generator stops the workers.

    Args:
        maker: Makes the pairs; copied into each worker.
        todo: Parts to make.
        workers: Number of processes, 1 makes the pairs in this one; or a cluster.
    """
    with contextlib.closing(maker) if workers == 1 else contextlib.nullcontext():
        yield from ordered_map(functools.partial(_make, maker), todo, workers, _ADVICE)


def _make(maker: PairMaker, part: Part, is_stopping: IsStopping) -> list[Pair]:
    pairs: list[Pair] = []
    making = maker.make(part.block, part.start, part.stop)
    while not is_stopping() and (pair := next(making, None)) is not None:
        pairs.append(pair)
    return pairs
