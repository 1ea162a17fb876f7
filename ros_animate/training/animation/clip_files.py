"""Clips on disk: video files, folders of frames, images with the frames side by side."""
from __future__ import annotations

import abc
import itertools
import pathlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.camera.base import SourceError
from ros_animate.camera.sources.video import Video
from ros_animate.images import try_read_image
from ros_animate.types import Image

_LEAST_SQUARES = 3  # two could be one wide frame


class ClipError(Exception):
    """A clip cannot be read; the message says why."""


@dataclass(frozen=True)
class ClipFile(abc.ABC):
    """A clip that has not been read yet.

    Attributes:
        name: Its path inside the data set.
    """

    name: str

    @abc.abstractmethod
    def images(self) -> Iterator[Image]:
        """The frames that can be read, (H, W, 3) RGB, in order; raises ClipError."""

    @property
    @abc.abstractmethod
    def files(self) -> Sequence[pathlib.Path]:
        """Files that it is read from."""


@dataclass(frozen=True)
class VideoClip(ClipFile):
    """A video file; of a damaged one, the frames that can be read."""

    path: pathlib.Path

    def images(self) -> Iterator[Image]:
        try:
            with Video(Video.Config(str(self.path))) as video:
                while (frame := video.read()) is not None:
                    yield frame.image
        except (SourceError, cv2.error) as error:
            raise ClipError(str(error)) from error

    @property
    def files(self) -> Sequence[pathlib.Path]:
        return (self.path,)


@dataclass(frozen=True)
class ImageClip(ClipFile):
    """Frames as image files, in order; unreadable ones are left out."""

    paths: tuple[pathlib.Path, ...]

    def images(self) -> Iterator[Image]:
        for path in self.paths:
            image = try_read_image(path)
            if image is not None:
                yield image

    @property
    def files(self) -> Sequence[pathlib.Path]:
        return self.paths


@dataclass(frozen=True)
class StripClip(ClipFile):
    """One image with square frames side by side."""

    path: pathlib.Path

    def images(self) -> Iterator[Image]:
        strip = try_read_image(self.path)
        if strip is None:
            raise ClipError(f'{self.path} cannot be read as an image')
        side = strip.shape[0]
        if strip.shape[1] % side:
            raise ClipError(f'{self.path} is {strip.shape[1]} x {side} pixels: no row of squares')
        yield from np.split(strip, strip.shape[1] // side, axis=1)

    @property
    def files(self) -> Sequence[pathlib.Path]:
        return (self.path,)


@dataclass(frozen=True)
class PartOfClip(ClipFile):
    """The frames of a clip from one share of it to another.

    Attributes:
        whole: The clip.
        start: In [0, 1].
        stop: In [0, 1].
    """

    whole: ClipFile
    start: float
    stop: float

    def images(self) -> Iterator[Image]:
        count = sum(1 for _ in self.whole.images())
        yield from itertools.islice(self.whole.images(), round(self.start * count),
                                    round(self.stop * count))

    @property
    def files(self) -> Sequence[pathlib.Path]:
        return self.whole.files


def is_strip(path: pathlib.Path) -> bool | None:
    """True if an image is a row of squares, longer than any frame; None if it is unreadable."""
    image = try_read_image(path)
    if image is None:
        return None
    height, width = image.shape[:2]
    return width >= _LEAST_SQUARES * height and width % height == 0
