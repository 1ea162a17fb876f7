"""Animation tasks of each protocol."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.evaluation.animation.distances import Frames
from ros_animate.types import Image


@dataclass(frozen=True)
class Clip:
    """A named video of square frames (T, S, S, 3) uint8 RGB."""

    name: str
    frames: Frames


@dataclass(frozen=True)
class Task:
    """One animation.

    Attributes:
        name: Name of the driving clip, and of the source if that is from another one.
        source: (S, S, 3) the image that is animated.
        driving: (T, S, S, 3) frames whose motion is transferred.
        truth: (T, S, S, 3) the expected frames; None if unknown.
    """

    name: str
    source: Image
    driving: Frames
    truth: Frames | None = None

    @property
    def target(self) -> Frames:
        """The truth; if it is unknown, the driving frames, with which motion can be compared."""
        return self.driving if self.truth is None else self.truth


def reconstructions(clips: Iterable[Clip]) -> Iterator[Task]:
    """Every clip drives its own first frame (Monkey-Net, section 4.1)."""
    for clip in clips:
        yield Task(clip.name, clip.frames[0], clip.frames, clip.frames)


def transfers(clips: Iterable[Clip]) -> Iterator[Task]:
    """Every clip drives the first frame of the clip before it, the first clip that of the last.

    The papers select their pairs by hand or by similarity; these pairs need no selection and are
    always the same. A single clip gives no task.
    """
    first: Clip | None = None
    before: Clip | None = None
    for clip in clips:
        if before is None:
            first = clip
        else:
            yield _transfer(before, clip)
        before = clip
    if first is not None and before is not None and before is not first:
        yield _transfer(before, first)


def imitations(twins: Iterable[tuple[Clip, Clip]]) -> Iterator[Task]:
    """Two people make the same moves: the second drives the first, whose own clip is the truth."""
    for one, other in twins:
        yield Task(f'{one.name} by {other.name}', one.frames[0], other.frames, one.frames)


def _transfer(source: Clip, driving: Clip) -> Task:
    return Task(f'{source.name} by {driving.name}', source.frames[0], driving.frames)


def resized(image: Image, size: int) -> Image:
    """A square image at another size."""
    if len(image) == size:
        return image
    interpolation = cv2.INTER_AREA if len(image) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (size, size), interpolation=interpolation), np.uint8)
