"""The contract of animators."""
from __future__ import annotations

import abc

from ros_animate.errors import UserError
from ros_animate.plugins import Changeable
from ros_animate.types import Array, Frame, Image, Motion


class SourceImageError(UserError, ValueError):
    """The source portrait cannot be animated; the message says why."""


class Animator(Changeable, abc.ABC):
    """Animates a static source image (it gives the identity) with the driving motion.

    Attributes:
        extractor: Name of the motion plug-in whose motion the animator takes.
        execution: How its networks run, in words; empty without networks.
    """

    extractor: str
    execution: str = ''

    @abc.abstractmethod
    def set_source(self, image: Image) -> None:
        """Takes the portrait, (H, W, 3) uint8 RGB, and computes all that depends on it alone.

        Raises:
            SourceImageError: The image cannot be animated (e.g. no face in it).
        """

    @abc.abstractmethod
    def animate(self, motion: Motion) -> Frame:
        """The source animated by the driving motion, with the stamp of the motion.

        Raises:
            UnusableMotion: The motion lacks something; nothing has been learned from it.
        """

    @property
    def landmarks(self) -> Array | None:
        """(478, 3) landmarks of the last animated image in its pixels; at first of the portrait.

        As in `Motion.landmarks`; None if the animator does not know them.
        """
        return None

    def calibrate(self, motion: Motion) -> None:
        """Takes `motion` as the driving person's neutral, the reference of relative motion."""

    def reset(self) -> None:
        """Forgets the driving person (neutral reference, filters), keeps the source."""
