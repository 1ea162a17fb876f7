"""The contract of camera sources."""
from __future__ import annotations

import abc

from ros_animate.errors import UserError
from ros_animate.types import Frame

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.ppm', '.tif', '.tiff', '.webp')
VIDEO_SUFFIXES = ('.mp4', '.m4v', '.avi', '.mov', '.mkv', '.webm', '.mpg', '.mpeg', '.gif')


class SourceError(UserError, RuntimeError):
    """A source cannot be opened or has failed; the message names it and the remedy."""


class Source(abc.ABC):
    """A source of frames. A context manager: entering opens it, leaving closes it.

    Attributes:
        live: True for a camera: `read` waits for the next frame. False for a file: `read` returns
            the next frame at once.
        fps: Nominal frames a second.
        frame_count: Frames until the end, None if endless or unknown.
    """

    live: bool = False
    fps: float = 30.0
    frame_count: int | None = None

    def __enter__(self) -> Source:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abc.abstractmethod
    def open(self) -> None:
        """Opens the source; raises SourceError."""

    @abc.abstractmethod
    def read(self) -> Frame | None:
        """The next frame, stamped with media time (0 for the first); None at the end.

        Raises:
            SourceError: A live source failed (unplugged); `open` may be tried again.
        """

    @abc.abstractmethod
    def close(self) -> None:
        """Releases the resources that `open` took; may be called twice."""

    def reset(self) -> None:
        """Starts over at the first frame."""
        self.close()
        self.open()
