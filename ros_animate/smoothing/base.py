"""The contract of smoothers."""
from __future__ import annotations

import abc
import copy
from collections.abc import Sequence

from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Command


class Smoother(abc.ABC):
    """Turns irregular action chunks into a trajectory that can be sampled at any rate.

    Starts at rest at the robot's neutral pose.
    """

    @property
    @abc.abstractmethod
    def dropped(self) -> int:
        """Chunks that could not be used."""

    @abc.abstractmethod
    def push(self, chunk: ActionChunk, now_s: float) -> None:
        """Takes a new chunk at time `now_s`; the trajectory goes on from its present state.

        Chunks that cannot be used (non-finite values, older than the last one) are dropped and
        counted in `dropped`.
        """

    @abc.abstractmethod
    def sample(self, now_s: float) -> Command:
        """The trajectory at `now_s` (not before the last call), stamped as the last chunk."""

    def preview(self, times_s: Sequence[float]) -> list[Command]:
        """The trajectory at later, increasing times, were no chunk to come; changes nothing."""
        specs = {id(v): v for v in vars(self).values() if isinstance(v, RobotSpec)}
        ahead = copy.deepcopy(self, specs)
        return [ahead.sample(time_s) for time_s in times_s]

    @abc.abstractmethod
    def reset(self) -> None:
        """Back to rest at neutral."""
