"""Driving motion from files: a video, or a motion template."""
from __future__ import annotations

import abc
import contextlib
import pathlib
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass

from ros_animate import plugins
from ros_animate.animation.geometry import shape_distance
from ros_animate.camera.base import Source, SourceError
from ros_animate.camera.resolve import resolve
from ros_animate.errors import UserError
from ros_animate.face.crop import Box
from ros_animate.face.framing import common_box
from ros_animate.motion.base import Extractor
from ros_animate.motion.neural import NeuralExtractor
from ros_animate.offline import motion_template
from ros_animate.offline.neutral import NeutralChoice
from ros_animate.types import Array, Frame, Image, Motion

# Shows the progress of an iterable; its length (None if unknown) and the work are given.
ShowProgress = Callable[[Iterable, 'int | None', str], Iterable]


@dataclass(frozen=True)
class Step:
    """One driving frame.

    Attributes:
        image: (H, W, 3) uint8 RGB; None for a template.
        motion: Motion in the frame; None if there is no face.
        stamp_s: Stamp of the frame, 0 for the first one.
    """

    image: Image | None
    motion: Motion | None
    stamp_s: float


class Driving(abc.ABC):
    """Driving frames and their motion.

    Attributes:
        fps: Frames a second.
        count: Number of frames; None if it is not known in advance.
        reference: Reference of relative motion; None for the motion of the first frame.
        video: The video file, whose sound may be copied; None for other sources.
    """

    fps: float
    count: int | None
    reference: Motion | None = None
    video: pathlib.Path | None = None

    @abc.abstractmethod
    def steps(self, only: Container[int] | None = None) -> Iterator[Step]:
        """Yields the frames in order; if `only` is given, those whose index is in it."""


class TemplateDriving(Driving):
    """The motion of a motion template, without images."""

    def __init__(self, path: pathlib.Path, limit: int | None) -> None:
        read = motion_template.read(path)
        self.fps = read.fps
        self._motions = read.motions[:limit]
        self.count = len(self._motions)

    def steps(self, only: Container[int] | None = None) -> Iterator[Step]:
        for index, motion in enumerate(self._motions):
            if only is None or index in only:
                yield Step(None, motion, motion.stamp_s)


class VideoDriving(Driving):
    """The motion in a video or a folder of images, found by an extractor."""

    def __init__(self, path: str, extractor: Extractor, limit: int | None) -> None:
        plugin, options = resolve(path)
        if plugin not in ('video', 'images'):
            raise SourceError(f'{path!r} does not drive an animation: give a video, a folder of '
                              'images, or a motion template (.pkl)')
        self._path, self._extractor, self._limit = path, extractor, limit
        self._source: Source = plugins.load('camera', plugin, options)
        self.video = pathlib.Path(path).expanduser() if plugin == 'video' else None
        with self._source:
            self.fps = self._source.fps
            counts = [n for n in (self._source.frame_count, limit) if n is not None]
            self.count = min(counts, default=None)

    def scan_faces(self, source_face: Array | None, progress: ShowProgress) -> None:
        """Finds the face in every frame, before anything is animated.

        Then the network's crop is fixed at the average place of the face, so that the movement of
        the face across the image is part of its motion. In a clip whose faces are too far apart for
        one crop, the crop follows the face slowly.

        Args:
            source_face: (478, 3) landmarks of the source: the most similar frame becomes the
                reference. None for the first frame.
            progress: Shows the progress.

        Raises:
            UserError: There is no face in any frame.
        """
        boxes: list[Box] = []
        best, best_distance = None, float('inf')
        with contextlib.closing(plugins.load('motion', 'mediapipe')) as tracker:
            for frame in progress(self._frames(), self.count, 'looking for faces'):
                motion = tracker.extract(frame)
                if motion is None:
                    continue
                if isinstance(self._extractor, NeuralExtractor):
                    boxes.append(self._extractor.framing.box(motion.landmarks))
                distance = (0.0 if source_face is None
                            else shape_distance(source_face, motion.landmarks))
                if distance < best_distance:
                    best, best_distance = frame, distance
        if best is None:
            raise UserError(f'there is no face in {self._path}: choose another video, or use the '
                            'middle of the images without searching for a face (--no-crop)')
        if isinstance(self._extractor, NeuralExtractor) and (square := common_box(boxes)):
            self._extractor.fix_crop(square)
        if source_face is not None:
            self.reference = self._extractor.extract(best)

    def take_neutral(self, choice: NeutralChoice) -> None:
        """Makes the chosen face, if any, the reference of relative motion.

        Raises:
            UserError: There is no such frame, or no face in it.
        """
        frame = choice.find(self._source)
        if frame is None:
            return
        self.reference = self._extractor.extract(frame)
        self._extractor.reset()
        if self.reference is None:
            raise UserError('there is no face in the frame that is to be neutral: choose another')

    def steps(self, only: Container[int] | None = None) -> Iterator[Step]:
        for index, frame in enumerate(self._frames()):
            if only is None or index in only:
                yield Step(frame.image, self._extractor.extract(frame), frame.stamp_s)

    def _frames(self) -> Iterator[Frame]:
        with self._source:
            count = 0
            while self._limit is None or count < self._limit:
                frame = self._source.read()
                if frame is None:
                    return
                count += 1
                yield frame
