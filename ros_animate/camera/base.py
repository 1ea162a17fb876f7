"""The contract of camera sources."""
from __future__ import annotations

import abc

from ros_animate.errors import UserError
from ros_animate.types import Frame

IMAGE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.ppm', '.tif', '.tiff', '.webp')


class SourceError(UserError, RuntimeError):
    """The source cannot be opened or has failed; the message names it and the remedy."""


class Source(abc.ABC):
    """Gives frames one after the other. A context manager: entering opens, leaving closes.

    Attributes:
        live: True if frames come at their own pace and `read` waits for the next one (a camera);
            False if `read` gives the next frame at once (a file).
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
        """Releases what `open` took; may be called twice."""

    def reset(self) -> None:
        """Starts over at the first frame."""
        self.close()
        self.open()
