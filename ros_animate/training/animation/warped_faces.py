"""Warped synthetic faces: what a warp-guided generator is trained with."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ros_animate.animation.warp_guided.guides import draw_gate, draw_guides, masks, shares
from ros_animate.networks.warp_guided import WarpedSource
from ros_animate.training.animation.clip_pool import Pool, PoolSize
from ros_animate.training.animation.faces import HELD_OUT_SEED, SyntheticFaces
from ros_animate.training.animation.pairs import Clip, Labels, PairBatch
from ros_animate.training.animation.photometry import as_tensor, recoloured
from ros_animate.training.animation.source import DataOptions, Split
from ros_animate.training.animation.synthetic import EXPRESSION, normalised
from ros_animate.training.animation.warped_clips import (
    WarpedFrames,
    WarpedPoolSize,
    make_warped_clip,
)
from ros_animate.types import Array, Image
from ros_animate.workers import one_opencv_thread


class _Pair(NamedTuple):
    """Source and target of a pair, and the source warped to the target."""

    source: Image
    target: Image
    warped: Image
    source_masks: Array
    guides: Array
    gate: Array
    landmarks: Array  # (2, 478, 2) of source and target in pixels


class WarpedFaces:
    """Pairs of frames of one synthetic person, with the source warped to the target.

    Half of them are mirrored. Faces are rendered and warped at the first `batch`.

    Args:
        size: Width and height of the images in pixels.
        options: Identities, frames, seed, cache.
        quiet: True to show no progress of the rendering.
    """

    skipped: Sequence[str] = ()

    def __init__(self, size: int, options: DataOptions, quiet: bool = True) -> None:
        self._size, self._options, self._quiet = size, options, quiet
        self._pool: Any = None

    def batch(self, step: int, size: int, rank: int = 0, ranks: int = 1) -> PairBatch:
        """This process's share of the pairs of a step; see `AnimationData.batch`."""
        seed = self._options.data_seed
        pairs = [self._draw(np.random.default_rng((seed, 1, step, row)))
                 for row in range(size)[rank::ranks]]
        number = np.random.default_rng((seed, 2, step, rank)).integers(2 ** 63)
        return _batch(pairs, self._size, self._options, torch.Generator().manual_seed(int(number)))

    def held_out(self, count: int) -> PairBatch:
        """`count` unchanged pairs of people who are never trained on; always the same."""
        with one_opencv_thread():
            clips = [make_warped_clip(HELD_OUT_SEED, n, 2, self._size) for n in range(count)]
        return _batch([_pair(clip, 1, self._size) for clip in clips], self._size)

    def clips(self, split: Split = 'held_out') -> Iterator[Clip]:
        """Whole clips."""
        return SyntheticFaces(self._size, self._options, self._quiet).clips(split)

    def _draw(self, rng: np.random.Generator) -> _Pair:
        pool = self._rendered()
        clip, frame = rng.integers(len(pool.images)), 1 + rng.integers(self._options.frames - 1)
        frames = WarpedFrames(*(getattr(pool, name)[clip] for name in WarpedFrames._fields))
        pair = _pair(frames, int(frame), self._size)
        return _mirrored(pair, self._size) if rng.random() < 0.5 else pair

    def _rendered(self) -> Any:
        if self._pool is None:
            options = self._options
            size: PoolSize = WarpedPoolSize(options.data_seed, options.identities, options.frames,
                                            self._size)
            self._pool = Pool(size, options.cache, options.workers, self._quiet)
        return self._pool


def _pair(frames: WarpedFrames, target: int, side: int) -> _Pair:
    landmarks = np.stack([frames.landmarks[0], frames.landmarks[target]])
    return _Pair(frames.images[0], frames.images[target], frames.warped[target - 1],
                 shares(masks(landmarks[0], side)),
                 draw_guides(masks(landmarks[1], side), frames.motion[target - 1], side),
                 draw_gate(landmarks[0], landmarks[1], side), landmarks)


def _mirrored(pair: _Pair, side: int) -> _Pair:
    """The pair seen in a mirror; its landmarks keep their numbers."""
    guides = pair.guides[..., ::-1].copy()
    guides[-2] *= -1  # motion to the right
    landmarks = pair.landmarks.copy()
    landmarks[..., 0] = side - 1 - landmarks[..., 0]
    source, target, warped = (image[:, ::-1] for image in pair[:3])
    return _Pair(source, target, warped, pair.source_masks[..., ::-1], guides,
                 pair.gate[..., ::-1], landmarks)


def _batch(pairs: Sequence[_Pair], side: int, options: DataOptions | None = None,
           random: torch.Generator | None = None) -> PairBatch:
    """Pairs as tensors; with options, their colours are varied, all of a pair's images alike."""
    images = [as_tensor(np.stack(part)) for part in list(zip(*pairs))[:3]]
    if options is not None and random is not None:
        beside = recoloured(torch.cat(images, dim=3), options, random)
        images = [part.contiguous() for part in beside.split(side, dim=3)]
    source, target, warped = images
    source_masks, guides, gate, landmarks = (torch.from_numpy(np.stack(part).astype(np.float32))
                                             for part in list(zip(*pairs))[3:])
    labels = [_labels(points, side) for points in landmarks.unbind(dim=1)]
    return PairBatch(source, target, target, labels[0], labels[1],
                     WarpedSource(warped, source, source_masks, guides, gate))


def _labels(landmarks: torch.Tensor, side: int) -> Labels:
    """Labels of (B, 478, 2) landmarks in pixels; the rest is unknown."""
    count = len(landmarks)
    points = torch.from_numpy(normalised(landmarks[:, :468].numpy() + 0.5, side))
    return Labels(points, torch.full((count, 3), torch.nan),
                  torch.full((count, len(EXPRESSION)), torch.nan))
