"""The contract of control policies."""
from __future__ import annotations

import abc
from typing import Literal

from ros_animate.plugins import Changeable
from ros_animate.types import ActionChunk, Frame, Motion


class Policy(Changeable, abc.ABC):
    """Maps observations to action chunks, in the units of one robot.

    Attributes:
        observes: 'motion' (feature space: a Motion) or 'image' (image space: the animated Frame).
        execution: How its networks run, in words; empty without networks.
    """

    observes: Literal['motion', 'image']
    execution: str = ''

    @abc.abstractmethod
    def act(self, observation: Motion | Frame) -> ActionChunk:
        """The control values for an observation, with its stamp."""

    def calibrate(self, observation: Motion | Frame) -> None:
        """Takes the observation as the person's neutral face."""

    def reset(self) -> None:
        """Forgets the person."""
