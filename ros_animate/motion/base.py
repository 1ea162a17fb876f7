"""The contract of motion extractors."""
from __future__ import annotations

import abc

from ros_animate.types import Frame, Motion


class Extractor(abc.ABC):
    """Sees a frame, says how the face in it moves."""

    @abc.abstractmethod
    def extract(self, frame: Frame) -> Motion | None:
        """The motion of the largest face of a (H, W, 3) frame, None if there is no face."""

    def reset(self) -> None:
        """Forgets the frames seen so far."""

    def close(self) -> None:
        """Releases what the extractor holds; may be called twice."""
