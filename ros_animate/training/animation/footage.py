"""A folder of clips as a source of pairs."""
from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from ros_animate.training.animation.clip_files import ClipFile
from ros_animate.training.animation.decoded import ClipReader
from ros_animate.training.animation.layouts import people, read_layout
from ros_animate.training.animation.pairs import Clip
from ros_animate.training.animation.source import DataOptions, DrawnPairs, PairSource, Split
from ros_animate.training.core.pair_folder import DataError
from ros_animate.types import Image

_HELD_OUT = 3  # random stream


class Footage(PairSource):
    """Pairs of two random frames of a clip.

    As in the references, half of the pairs run backwards in time, and half of the others are
    mirrored. People of VoxCeleb are drawn first, then one of their clips.

    Args:
        folder: Folder in any layout of `layouts`.
        size: Width and height of the images in pixels.
        options: Options of the data.

    Raises:
        DataError: The folder has no usable clips.
    """

    def __init__(self, folder: str | pathlib.Path, size: int, options: DataOptions) -> None:
        self._folder, self._options = folder, options
        self._layout = read_layout(folder, options.held_out_share)
        self._people = people(self._layout.train)
        self._reader = ClipReader(size, options)
        self.skipped = self._reader.skipped
        for reason in self._layout.skipped:
            self._reader.skip(reason)
        self._readers = ThreadPoolExecutor(os.cpu_count())
        self._usable(self._layout.train, 0)

    def draw(self, rngs: Sequence[np.random.Generator]) -> DrawnPairs:
        clips = [self._draw_clip(rng) for rng in rngs]
        # A clip that occurs twice in a batch is read once.
        distinct = list(dict.fromkeys(clips))
        frames = dict(zip(distinct, self._readers.map(
            lambda index: self._usable(self._layout.train, index), distinct)))
        return drawn_pairs([augmented_pair(random_pair(frames[index], rng), rng, self._options)
                            for index, rng in zip(clips, rngs, strict=True)])

    def held_out(self, count: int) -> DrawnPairs:
        clips = self._layout.held_out
        if not clips:
            raise DataError(f'{self._folder} has no held-out clips')
        pairs = []
        for number in range(count):
            frames = self._usable(clips, number % len(clips))
            rng = np.random.default_rng((_HELD_OUT, number))
            pairs.append(frames[rng.choice(len(frames), 2, replace=False)])
        return drawn_pairs(pairs)

    def clips(self, split: Split) -> Iterator[Clip]:
        for clip in self._layout.held_out if split == 'held_out' else self._layout.train:
            frames = self._reader.whole(clip)
            if frames is not None:
                yield Clip(clip.name, frames)

    def _draw_clip(self, rng: np.random.Generator) -> int:
        """Index of a random clip."""
        person = self._people[rng.integers(len(self._people))]
        return person[rng.integers(len(person))]

    def _usable(self, clips: Sequence[ClipFile], first: int) -> Image:
        """Frames of a clip, or of the next usable one."""
        for k in range(len(clips)):
            frames = self._reader.frames(clips[(first + k) % len(clips)])
            if frames is not None:
                return frames
        reasons = '; '.join(self._reader.skipped[:3])
        raise DataError(f'{self._folder}: none of {len(clips)} clips can be used: {reasons}'
                        + (', …' if len(clips) > 3 else ''))


def random_pair(frames: Image, rng: np.random.Generator) -> Image:
    """Two random frames (2, S, S, 3) of a clip in their order."""
    return frames[np.sort(rng.choice(len(frames), 2, replace=False))]


def augmented_pair(pair: Image, rng: np.random.Generator, options: DataOptions) -> Image:
    """Two frames (2, S, S, 3), backwards or mirrored, and moved, by chance."""
    backwards, mirrored = rng.random(2) < 0.5
    if backwards and options.time_flip:
        pair = pair[::-1]
    elif mirrored and options.mirror:
        pair = pair[:, :, ::-1]
    if options.zoom or options.turn_deg:
        pair = random_affine(pair, rng, options.zoom, options.turn_deg)
    return pair


def random_affine(frames: Image, rng: np.random.Generator, zoom: float,
                  turn_deg: float) -> Image:
    """Frames (T, S, S, 3), all rotated, scaled and shifted in the same random way.

    The outside of an image is a mirror image of the inside.
    """
    size = frames.shape[1]
    scale, angle = 1 + zoom * rng.uniform(-1, 1), turn_deg * rng.uniform(-1, 1)
    middle = (size - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), angle, scale)
    matrix[:, 2] += abs(scale - 1) * size / 2 * rng.uniform(-1, 1, 2)
    return np.stack([cv2.warpAffine(np.ascontiguousarray(frame), matrix, (size, size),
                                    borderMode=cv2.BORDER_REFLECT) for frame in frames])


def drawn_pairs(pairs: Sequence[Image]) -> DrawnPairs:
    """Pairs (2, S, S, 3) each, source first."""
    both = np.stack(pairs)
    return DrawnPairs(both[:, 0], both[:, 1], both[:, 1], np.zeros(len(both), bool), None)
