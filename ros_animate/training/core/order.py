"""Order of the training pairs: a function of seed and step alone, so that a run resumes exactly."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


class Order:
    """Shuffled order of the pairs of several folders, new in every epoch.

    Args:
        groups: Indices of the pairs of each folder.
        weights: Share of each folder in an epoch, whose length is the number of all pairs; None:
            by the folders' sizes. A folder with more pairs than its share is used in turns.
        seed: Seed of the shuffles.
    """

    def __init__(self, groups: Sequence[Indices], weights: Sequence[float] | None,
                 seed: int) -> None:
        self._groups, self._seed = groups, seed
        self.length = sum(map(len, groups))
        shares = np.array([len(g) for g in groups] if weights is None else weights, float)
        ends = np.round(np.cumsum(shares / shares.sum()) * self.length).astype(int)
        self._counts = np.diff(ends, prepend=0)
        self._epoch = -1
        self._shuffled: Indices = np.empty(0, np.int64)

    def batch(self, step: int, size: int) -> Indices:
        """Indices (size,) of the pairs of a step."""
        places = np.arange(step * size, (step + 1) * size)
        return np.array([self._shuffle(int(p // self.length))[p % self.length] for p in places])

    def _shuffle(self, epoch: int) -> Indices:
        if epoch != self._epoch:
            rng = np.random.default_rng((self._seed, epoch))
            parts = [_cycled(group, count, epoch, self._seed)
                     for group, count in zip(self._groups, self._counts, strict=True)]
            self._epoch, self._shuffled = epoch, rng.permutation(np.concatenate(parts))
        return self._shuffled


def _cycled(group: Indices, count: int, epoch: int, seed: int) -> Indices:
    """The next `count` members of an epoch, in shuffled rounds over the group."""
    first = epoch * count
    rounds = range(first // len(group), (first + count - 1) // len(group) + 1) if count else ()
    members = [np.random.default_rng((seed, 1, turn)).permutation(group) for turn in rounds]
    start = first % len(group)
    return np.concatenate([*members, group[:0]])[start:start + count]
