"""Synthetic faces as a source of pairs."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from ros_animate.training.animation.clip_pool import Pool, PoolSize
from ros_animate.training.animation.pairs import Clip, Labels
from ros_animate.training.animation.source import DataOptions, DrawnPairs, PairSource, Split
from ros_animate.training.animation.synthetic import PEOPLE, Frames, make_clip
from ros_animate.workers import one_opencv_thread

# No seed of a training is as large: every training is evaluated on the same unseen people.
HELD_OUT_SEED = 2 ** 32
CLIPS, CLIP_FRAMES = 50, 24  # of the evaluation on whole clips


class SyntheticFaces(PairSource):
    """Clips that two people act in alike: either is the source, and either may be the driving one.

    Faces are rendered at the first `draw`.

    Args:
        size: Width and height of the images in pixels.
        options: Identities, frames, seed, cache.
        quiet: True to show no progress of the rendering.
    """

    def __init__(self, size: int, options: DataOptions, quiet: bool = True) -> None:
        self._size, self._options, self._quiet = size, options, quiet
        self._pool: Pool | None = None

    def draw(self, rngs: Sequence[np.random.Generator]) -> DrawnPairs:
        pool = self._rendered()
        clips, _, frames = pool.images.shape[:3]
        rows = [(rng.integers(clips), rng.integers(PEOPLE), *rng.choice(frames, 2, replace=False),
                 rng.random()) for rng in rngs]
        clip, person, first, second = np.array([row[:4] for row in rows]).T
        crossed = np.array([row[4] for row in rows]) < self._options.cross
        driver = np.where(crossed, 1 - person, person)
        labels = (np.stack([pool.landmarks[clip, person, t] for t in (first, second)], 1),
                  np.stack([pool.angles_deg[clip, t] for t in (first, second)], 1),
                  np.stack([pool.expression[clip, t] for t in (first, second)], 1))
        return DrawnPairs(pool.images[clip, person, first], pool.images[clip, driver, second],
                     pool.images[clip, person, second], crossed, labels)

    def held_out(self, count: int) -> DrawnPairs:
        with one_opencv_thread():
            clips = [make_clip(HELD_OUT_SEED, CLIPS + n, 2, self._size, people=1)
                     for n in range(count)]
        images = np.stack([c.images[0] for c in clips])
        labels = (np.stack([c.landmarks[0] for c in clips]),
                  np.stack([c.angles_deg for c in clips]),
                  np.stack([c.expression for c in clips]))
        return DrawnPairs(images[:, 0], images[:, 1], images[:, 1], np.zeros(count, bool), labels)

    def clips(self, split: Split) -> Iterator[Clip]:
        for (clip,) in self._videos(split, 1):
            yield clip

    def twins(self, split: Split) -> Iterator[tuple[Clip, Clip]]:
        """Pairs of clips of two people who move in the same way."""
        yield from ((one, other) for one, other in self._videos(split, PEOPLE))

    def _videos(self, split: Split, people: int) -> Iterator[list[Clip]]:
        seed = HELD_OUT_SEED if split == 'held_out' else self._options.data_seed
        for number in range(CLIPS):
            with one_opencv_thread():
                frames = make_clip(seed, number, CLIP_FRAMES, self._size, smooth=True,
                                   people=people)
            yield [Clip(f'synthetic {split} {number}{"ab"[k]}', frames.images[k],
                        _labels(frames, k))
                   for k in range(people)]

    def _rendered(self) -> Pool:
        if self._pool is None:
            options = self._options
            size = PoolSize(options.data_seed, max(1, options.identities // PEOPLE),
                            options.frames, self._size)
            self._pool = Pool(size, options.cache, options.workers, self._quiet)
        return self._pool


def _labels(frames: Frames, person: int) -> Labels:
    return Labels(*(torch.as_tensor(np.asarray(a), dtype=torch.float32) for a in (
        frames.landmarks[person], frames.angles_deg, frames.expression)))
