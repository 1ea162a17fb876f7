"""Clips of an evaluation."""
from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ros_animate.errors import UserError
from ros_animate.evaluation.animation.tasks import (
    Clip,
    Task,
    imitations,
    reconstructions,
    transfers,
)
from ros_animate.training.animation.data import SYNTHETIC, AnimationData, DataOptions
from ros_animate.training.animation.faces import SyntheticFaces
from ros_animate.training.animation.source import Split

PROTOCOLS = ('reconstruction', 'transfer', 'imitation')


@dataclass(frozen=True)
class Clips:
    """A selection of clips.

    Attributes:
        data: 'synthetic', or folders.
        size: Side of the frames in pixels.
        split: Split of the data.
        limit: Largest number of clips; None for all.
        frames: Largest number of frames of each clip; None for all.
    """

    data: tuple[str, ...]
    size: int
    split: Split = 'held_out'
    limit: int | None = None
    frames: int | None = None

    def tasks(self, protocol: str) -> Iterator[Task]:
        """Tasks of one of PROTOCOLS; raises UserError if the data does not allow it."""
        if protocol == 'imitation':
            return imitations(self._twins())
        return {'reconstruction': reconstructions, 'transfer': transfers}[protocol](self._single())

    def _single(self) -> Iterator[Clip]:
        data = AnimationData(self.data, self.size, DataOptions())
        for clip in itertools.islice(data.clips(self.split), self.limit):
            yield Clip(clip.name, clip.frames[:self.frames])

    def _twins(self) -> Iterator[tuple[Clip, Clip]]:
        if self.data != (SYNTHETIC,):
            raise UserError('the protocol imitation needs people who move alike: data synthetic')
        twins = SyntheticFaces(self.size, DataOptions()).twins(self.split)
        for one, other in itertools.islice(twins, self.limit):
            yield (Clip(one.name, one.frames[:self.frames]),
                   Clip(other.name, other.frames[:self.frames]))
