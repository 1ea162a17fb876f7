"""Batches of pairs for the animation networks, and whole clips for their evaluation."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ros_animate.training.animation.faces import SyntheticFaces
from ros_animate.training.animation.footage import Footage
from ros_animate.training.animation.pairs import Clip, Labels, PairBatch
from ros_animate.training.animation.photometry import as_tensor, varied
from ros_animate.training.animation.source import DataOptions, Drawn, Source, Split
from ros_animate.training.core.pair_folder import DataError
from ros_animate.types import Array

__all__ = ['AnimationData', 'Clip', 'DataError', 'DataOptions', 'Labels', 'PairBatch']

SYNTHETIC = 'synthetic'


class AnimationData:
    """Pairs of one or more data sets.

    Args:
        data: 'synthetic', or folders.
        size: Width and height of the pictures.
        options: How pairs are drawn.
        quiet: No progress.

    Raises:
        DataError: A folder holds nothing that can be used, or there is not a weight for each.
    """

    def __init__(self, data: Sequence[str], size: int, options: DataOptions,
                 quiet: bool = True) -> None:
        if not data:
            raise DataError("no data: name 'synthetic' or folders")
        self._options = options
        self._sources = [open_source(name, size, options, quiet) for name in data]
        self._ends = np.cumsum(_shares(len(data), options.weights))

    def batch(self, step: int, size: int, rank: int = 0, ranks: int = 1) -> PairBatch:
        """This process's share of the pairs of a step: a function of seed and step alone.

        Labels are there if all pairs have some.

        Args:
            step: From 0 on.
            size: Pairs over all processes.
            rank: Number of this process.
            ranks: How many processes.
        """
        seed = self._options.data_seed
        rows = range(size)[rank::ranks]
        rngs = [np.random.default_rng((seed, 1, step, row)) for row in rows]
        drawn = self._draw(rngs)
        number = np.random.default_rng((seed, 2, step, rank)).integers(2 ** 63)
        random = torch.Generator().manual_seed(int(number))
        source, driving, target = varied(as_tensor(drawn.source), as_tensor(drawn.driving),
                                         as_tensor(drawn.target), self._options, random)
        return PairBatch(source, driving, target, *_labels(drawn))

    def held_out(self, count: int) -> PairBatch:
        """At most `count` pairs that are never trained on, as they are; always the same."""
        share = np.diff(np.round(count * self._ends).astype(int), prepend=0)
        drawn = _joined([source.held_out(int(n)) for source, n in zip(self._sources, share)
                         if n])
        return PairBatch(as_tensor(drawn.source), as_tensor(drawn.driving),
                         as_tensor(drawn.target), *_labels(drawn))

    def clips(self, split: Split = 'held_out') -> Iterator[Clip]:
        """Whole clips of all data sets, one after the other."""
        for source in self._sources:
            yield from source.clips(split)

    @property
    def skipped(self) -> list[str]:
        """Files and clips that turned out to be of no use so far, and why."""
        return [reason for source in self._sources for reason in source.skipped]

    def _draw(self, rngs: Sequence[np.random.Generator]) -> Drawn:
        """One pair from each stream, which first chooses the data set."""
        chosen = np.searchsorted(self._ends, [rng.random() for rng in rngs], side='right')
        parts, order = [], []
        for k, source in enumerate(self._sources):
            rows = np.flatnonzero(chosen == k)
            if len(rows):
                parts.append(source.draw([rngs[row] for row in rows]))
                order.append(rows)
        back = np.argsort(np.concatenate(order))
        return _reordered(_joined(parts), back)


def open_source(name: str, size: int, options: DataOptions, quiet: bool = True) -> Source:
    """The data set of that name, or in that folder."""
    if name == SYNTHETIC:
        return SyntheticFaces(size, options, quiet)
    return Footage(name, size, options)


def _shares(count: int, weights: Sequence[float]) -> Array:
    """(count,) that add up to 1."""
    if not weights:
        return np.full(count, 1 / count)
    if len(weights) != count or min(weights) < 0 or not sum(weights) > 0:
        raise DataError(f'{count} data sets need as many weights, none below 0 and one above: got '
                        f'{", ".join(f"{w:g}" for w in weights)}')
    return np.array(weights, float) / sum(weights)


def _joined(parts: Sequence[Drawn]) -> Drawn:
    """One after the other; labels only if all have some."""
    known = [part.labels for part in parts if part.labels is not None]
    labels: Any = (tuple(map(np.concatenate, zip(*known))) if len(known) == len(parts)
                   else None)
    source, driving, target, crossed = (np.concatenate([part[k] for part in parts])
                                        for k in range(4))
    return Drawn(source, driving, target, crossed, labels)


def _reordered(drawn: Drawn, order: np.ndarray) -> Drawn:
    labels: Any = drawn.labels and tuple(part[order] for part in drawn.labels)
    source, driving, target, crossed = (part[order] for part in drawn[:4])
    return Drawn(source, driving, target, crossed, labels)


def _labels(drawn: Drawn) -> tuple[Labels | None, Labels | None]:
    """Of the source frames and of the target frames."""
    if drawn.labels is None:
        return None, None
    parts: list[Tensor] = [torch.as_tensor(part, dtype=torch.float32) for part in drawn.labels]
    return Labels(*(part[:, 0] for part in parts)), Labels(*(part[:, 1] for part in parts))
