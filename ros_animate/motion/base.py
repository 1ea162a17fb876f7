"""The contracts of the stage motion: extractors, and sources of motion without a camera."""
from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ros_animate.plugins import Changeable
from ros_animate.types import Frame, Motion

# Animators that take the motion of this extractor take every motion with landmarks of its mesh.
LANDMARKS = 'mediapipe'


class Extractor(Changeable, abc.ABC):
    """Extracts the motion of the face in each frame.

    One that tells several faces apart has an option `follow` among the changeable ones.
    """

    @abc.abstractmethod
    def extract(self, frame: Frame) -> Motion | None:
        """The motion of the followed face in a (H, W, 3) frame, None if it is not there.

        Raises:
            UnusableMotion: The values that were extracted are not finite.
        """

    def complete(self) -> None:
        """Does the work on the newest frame that its motion need not wait for."""

    def faces(self) -> Sequence[Motion]:
        """Motions of all faces in the newest frame, in the order in which they appeared.

        Empty also if the extractor does not tell faces apart. Raises UnusableMotion.
        """
        return ()

    def reset(self) -> None:
        """Forgets the frames so far."""

    def close(self) -> None:
        """Releases resources; may be called twice."""


@dataclass(frozen=True)
class Reading:
    """One reading of a source of motion.

    Attributes:
        stamp_s: Time in a recording, 0 at its beginning; 0 of a live source.
        motion: The motion, None if the source sees no face.
    """

    stamp_s: float
    motion: Motion | None


@dataclass(frozen=True)
class DrawnFrame(Frame):
    """A drawn face in the place of a camera's image, and the motion that it shows.

    Attributes:
        motion: The motion, None for a moment without a face.
    """

    motion: Motion | None = None


class DrawnMotion(Extractor):
    """The extractor of frames that were drawn: it takes the motion that they were drawn from."""

    def extract(self, frame: Frame) -> Motion | None:
        return frame.motion if isinstance(frame, DrawnFrame) else None


class MotionSource(Changeable, abc.ABC):
    """A source of motion that comes without images; it takes the place of camera and extractor.

    A context manager: entering opens it, leaving closes it.

    Attributes:
        live: True if `read` waits for the next motion; False for a recording: it returns at once.
        fps: Nominal motions a second.
        frame_count: Motions until the end, None if endless or unknown.
        ended: True once a recording has no more motions.
        counts: Packets that were dropped, by reason.
        waits_for: What a live source waits for and how that is started, for people.
        has_mesh: True if the motion holds the landmarks of a face mesh, which animators need.
    """

    live: bool = False
    fps: float = 60.0
    frame_count: int | None = None
    ended: bool = False
    waits_for: str = ''
    has_mesh: ClassVar[bool] = True

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> MotionSource:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abc.abstractmethod
    def open(self) -> None:
        """Opens the source; raises UserError."""

    @abc.abstractmethod
    def read(self, timeout_s: float) -> Reading | None:
        """The next motion of a recording, the newest one of a live source.

        Args:
            timeout_s: How long a live source waits.

        Returns:
            None if nothing has come, or a recording has ended.
        """

    def faces(self) -> Sequence[Motion]:
        """Motions of all faces in sight; empty as the source follows one sender."""
        return ()

    @abc.abstractmethod
    def close(self) -> None:
        """Releases the resources that `open` took; may be called twice."""
