"""The contract of animators."""
from __future__ import annotations

import abc

from ros_animate.errors import UserError
from ros_animate.types import Frame, Image, Motion


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

    def calibrate(self, motion: Motion) -> None:
        """Takes `motion` as the driving person's neutral, to which relative motion refers."""

    def reset(self) -> None:
        """Forgets the driving person (neutral reference, filters), keeps the source."""
