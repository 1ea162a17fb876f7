"""The contract of animators."""
from __future__ import annotations

import abc

from ros_animate.errors import UserError
from ros_animate.types import Array, Frame, Image, Motion


class SourceImageError(UserError, ValueError):
    """The source portrait cannot be animated; the message says why."""


class Animator(abc.ABC):
    """Makes a still picture (the source: identity) move as the driving motion does.

    Attributes:
        extractor: Name of the motion plug-in whose motion it understands.
    """

    extractor: str

    @abc.abstractmethod
    def set_source(self, image: Image) -> None:
        """Takes the portrait, (H, W, 3) uint8 RGB, and computes all that depends on it alone.

        Raises:
            SourceImageError: The picture cannot be animated (e.g. no face in it).
        """

    @abc.abstractmethod
    def animate(self, motion: Motion) -> Frame:
        """The source as the driving motion would have it, stamped as the motion."""

    @property
    def landmarks(self) -> Array | None:
        """(478, 3) landmarks of the last picture in its pixels, those of the portrait before any.

        As in `Motion.landmarks`; None if the animator does not know them.
        """
        return None

    def calibrate(self, motion: Motion) -> None:
        """Takes `motion` as the driving person's neutral, to which relative motion refers."""

    def reset(self) -> None:
        """Forgets the driving person (neutral reference, filters), keeps the source."""
