"""Batches of pairs for animation networks, and whole clips for their evaluation."""
from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from ros_animate.limits import MIB
from ros_animate.preparation.folder import is_prepared
from ros_animate.remote_files import RemoteFolder, is_remote
from ros_animate.training.animation.faces import SyntheticFaces
from ros_animate.training.animation.footage import Footage
from ros_animate.training.animation.pairs import Clip, Labels, PairBatch
from ros_animate.training.animation.photometry import as_tensor, vary_colours
from ros_animate.training.animation.prepared import PreparedClips
from ros_animate.training.animation.source import DataOptions, DrawnPairs, PairSource, Split
from ros_animate.training.animation.warped_faces import WarpedFaces
from ros_animate.training.core.pair_folder import DataError
from ros_animate.types import Array

__all__ = ['AnimationData', 'Clip', 'DataError', 'DataOptions', 'Labels', 'PairBatch']

SYNTHETIC = 'synthetic'


class TrainingData(Protocol):
    """Batches for the training of a family, and held-out ones."""

    def batch(self, step: int, size: int, rank: int = 0, ranks: int = 1) -> PairBatch: ...

    def held_out(self, count: int) -> PairBatch: ...


class AnimationData:
    """Pairs of one or more data sets.

    Args:
        data: 'synthetic', folders, or addresses of sets of `ros_animate prepare`.
        size: Width and height of the images in pixels.
        options: Options of the data.
        quiet: True to show no progress.

    Raises:
        DataError: A folder has no usable clips, or the number of weights is wrong.
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

        It has labels if all pairs have some.

        Args:
            step: Number of the step, from 0 on.
            size: Pairs over all processes.
            rank: Number of this process.
            ranks: Number of processes.
        """
        seed = self._options.data_seed
        rows = range(size)[rank::ranks]
        rngs = [np.random.default_rng((seed, 1, step, row)) for row in rows]
        drawn = self._draw(rngs)
        number = np.random.default_rng((seed, 2, step, rank)).integers(2 ** 63)
        random = torch.Generator().manual_seed(int(number))
        source, driving, target = vary_colours(
            as_tensor(drawn.source), as_tensor(drawn.driving), as_tensor(drawn.target),
            self._options, random)
        return PairBatch(source, driving, target, *_labels(drawn))

    def held_out(self, count: int) -> PairBatch:
        """At most `count` unchanged pairs that are never trained on; always the same."""
        share = np.diff(np.round(count * self._ends).astype(int), prepend=0)
        drawn = _concatenate([source.held_out(int(n))
                              for source, n in zip(self._sources, share) if n])
        return PairBatch(as_tensor(drawn.source), as_tensor(drawn.driving),
                         as_tensor(drawn.target), *_labels(drawn))

    def clips(self, split: Split = 'held_out') -> Iterator[Clip]:
        """Whole clips of all data sets, one after the other."""
        for source in self._sources:
            yield from source.clips(split)

    @property
    def skipped(self) -> list[str]:
        """Files and clips that turned out to be unusable so far, with the reasons."""
        return [reason for source in self._sources for reason in source.skipped]

    def _draw(self, rngs: Sequence[np.random.Generator]) -> DrawnPairs:
        """One pair from each random stream, which first selects the data set."""
        selected = np.searchsorted(self._ends, [rng.random() for rng in rngs], side='right')
        parts, order = [], []
        for k, source in enumerate(self._sources):
            rows = np.flatnonzero(selected == k)
            if len(rows):
                parts.append(source.draw([rngs[row] for row in rows]))
                order.append(rows)
        back = np.argsort(np.concatenate(order))
        return _reordered(_concatenate(parts), back)


def open_data(data: Sequence[str], size: int, options: DataOptions, warps: bool,
              quiet: bool = True) -> TrainingData:
    """The data of a training; raises DataError.

    Args:
        data: 'synthetic', or folders.
        size: Width and height of the images in pixels.
        options: Options of the data.
        warps: True if batches must hold the source warped to the target.
        quiet: True to show no progress.
    """
    if not warps:
        return AnimationData(data, size, options, quiet)
    if tuple(data) != (SYNTHETIC,):
        raise DataError(f'warps need the true landmarks of every frame, which {data[0]} lacks: '
                        f'give {SYNTHETIC} alone')
    return WarpedFaces(size, options, quiet)


def open_source(name: str, size: int, options: DataOptions, quiet: bool = True) -> PairSource:
    """The data set of a name, in a folder, or at an address."""
    if name == SYNTHETIC:
        return SyntheticFaces(size, options, quiet)
    if is_remote(name):
        return PreparedClips(RemoteFolder(name, options.stream_mb * MIB, options.retry_s), size,
                             options)
    folder = pathlib.Path(name).expanduser()
    if is_prepared(folder):
        return PreparedClips(folder, size, options)
    return Footage(name, size, options)


def _shares(count: int, weights: Sequence[float]) -> Array:
    """Normalised weights (count,) of the data sets."""
    if not weights:
        return np.full(count, 1 / count)
    if len(weights) != count or min(weights) < 0 or not sum(weights) > 0:
        raise DataError(f'{count} data sets need as many weights, none below 0 and one above: got '
                        f'{", ".join(f"{w:g}" for w in weights)}')
    return np.array(weights, float) / sum(weights)


def _concatenate(parts: Sequence[DrawnPairs]) -> DrawnPairs:
    """All pairs in one; with labels only if all parts have some."""
    known = [part.labels for part in parts if part.labels is not None]
    labels: Any = (tuple(map(np.concatenate, zip(*known))) if len(known) == len(parts)
                   else None)
    source, driving, target, crossed = (np.concatenate([part[k] for part in parts])
                                        for k in range(4))
    return DrawnPairs(source, driving, target, crossed, labels)


def _reordered(drawn: DrawnPairs, order: np.ndarray) -> DrawnPairs:
    labels: Any = drawn.labels and tuple(part[order] for part in drawn.labels)
    source, driving, target, crossed = (part[order] for part in drawn[:4])
    return DrawnPairs(source, driving, target, crossed, labels)


def _labels(drawn: DrawnPairs) -> tuple[Labels | None, Labels | None]:
    """Labels of the source frames and of the target frames."""
    if drawn.labels is None:
        return None, None
    parts: list[Tensor] = [torch.as_tensor(part, dtype=torch.float32) for part in drawn.labels]
    return Labels(*(part[:, 0] for part in parts)), Labels(*(part[:, 1] for part in parts))
