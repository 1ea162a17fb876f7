"""The contract of motion extractors."""
from __future__ import annotations

import abc
from collections.abc import Sequence

from ros_animate.plugins import Changeable
from ros_animate.types import Frame, Motion


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
