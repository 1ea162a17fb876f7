"""The contract of smoothers."""
from __future__ import annotations

import abc

from ros_animate.types import ActionChunk, Command


class Smoother(abc.ABC):
    """Turns irregular action chunks into a trajectory that can be sampled at any rate.

    Starts at rest at the robot's neutral pose.
    """

    @abc.abstractmethod
    def push(self, chunk: ActionChunk, now_s: float) -> None:
        """Takes a new chunk at time `now_s`; the trajectory goes on from its present state.

        Chunks that cannot be used (non-finite values, older than the last one) are dropped and
        counted in `dropped`.
        """

    @abc.abstractmethod
    def sample(self, now_s: float) -> Command:
        """The trajectory at `now_s` (not before the last call), stamped as the last chunk."""

    @abc.abstractmethod
    def reset(self) -> None:
        """Back to rest at neutral."""
