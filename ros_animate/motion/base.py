"""The contract of motion extractors."""
from __future__ import annotations

import abc

from ros_animate.plugins import Changeable
from ros_animate.types import Frame, Motion


class Extractor(Changeable, abc.ABC):
    """Extracts the motion of the face in each frame."""

    @abc.abstractmethod
    def extract(self, frame: Frame) -> Motion | None:
        """The motion of the largest face of a (H, W, 3) frame, None if there is no face.

        Raises:
            UnusableMotion: The values that were extracted are not finite.
        """

    def reset(self) -> None:
        """Forgets the frames so far."""

    def close(self) -> None:
        """Releases resources; may be called twice."""
