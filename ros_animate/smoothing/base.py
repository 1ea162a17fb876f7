"""The contract of smoothers."""
from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

from ros_animate.plugins import Changeable
from ros_animate.types import ActionChunk, Command


class Smoother(Changeable, abc.ABC):
    """Turns irregular action chunks into a trajectory that can be sampled at any rate.

    Starts at rest at the robot's neutral pose.
    """

    @property
    @abc.abstractmethod
    def dropped(self) -> int:
        """Number of chunks that could not be used."""

    @abc.abstractmethod
    def push(self, chunk: ActionChunk, now_s: float) -> None:
        """Takes a new chunk at time `now_s`; the trajectory continues from its present state.

        Chunks that cannot be used (non-finite values, older than the last one) are dropped and
        counted in `dropped`.
        """

    @abc.abstractmethod
    def sample(self, now_s: float) -> Command:
        """The trajectory at `now_s` (not before the last call), stamped as the last chunk."""

    @abc.abstractmethod
    def reset(self) -> None:
        """Returns to rest at neutral."""

    def preview(self, times_s: Sequence[float]) -> list[Command]:
        """The trajectory at later, increasing times, were no chunk to come; changes nothing."""
        state = self._save()
        try:
            return [self.sample(time_s) for time_s in times_s]
        finally:
            self._restore(state)

    @abc.abstractmethod
    def _save(self) -> Any:
        """Exact copy of all that `sample` changes; None if it changes nothing."""

    @abc.abstractmethod
    def _restore(self, state: Any) -> None:
        """Returns to a state from `_save`, between which and now were only samples."""
