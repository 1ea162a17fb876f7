"""Targets ahead of time, for actuators that are known to be late."""
from __future__ import annotations

import numpy as np

from ros_animate.robot.movement import moving_share
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

# Time constants with which movements of people go on: a head has more inertia than a brow.
FACE_S, HEAD_S = 0.04, 0.1
LONGEST_GAP_S = 0.2  # between two targets: after a longer one nothing is known about the movement


class DelayCompensation:
    """Moves targets to where they are expected when the actuators get there.

    With the delay d of an actuator its target is the chunk's at the time d later. Beyond the end of
    the chunk, h after its first waypoint, the movement is expected to go on and to die away with
    the time constant T: at h + b the target is v T (exp(-h / T) - exp(-(h + b) / T)) beyond the
    last waypoint, where v is the velocity of the targets. Noise of a still face is not continued.
    Without a delay in the robot's file nothing changes.

    Args:
        spec: The robot.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._spec = spec
        self._lasting_s = np.array([HEAD_S if c.group == 'head' else FACE_S
                                    for c in spec.controls])
        self._columns = np.arange(len(spec.names))
        self.reset()

    def reset(self) -> None:
        """Forgets the movement."""
        self._last: tuple[float, Array] | None = None

    def apply(self, waypoints: Array, stamp_s: float, dt_s: float, share: float) -> Array:
        """The waypoints (H, N) of a chunk ahead of time; ranges are not checked.

        Args:
            waypoints: (H, N) targets.
            stamp_s: Stamp of the chunk, not older than the last one.
            dt_s: Its time between waypoints.
            share: Share of the delay that is made up for.
        """
        if share == 0 or not self._spec.delay_s.any():
            return waypoints
        velocity = self._velocity(waypoints[0], stamp_s, dt_s)
        count = len(waypoints)
        at = np.arange(count)[:, np.newaxis] + share * self._spec.delay_s / dt_s
        inside = np.minimum(at, count - 1.0)
        first = np.minimum(inside.astype(int), max(count - 2, 0))
        here, after = (waypoints[row, self._columns]
                       for row in (first, np.minimum(first + 1, count - 1)))
        end_s, beyond_s = (count - 1) * dt_s, (at - inside) * dt_s
        lasting_s = self._lasting_s
        ahead_s = lasting_s * (np.exp(-end_s / lasting_s)
                               - np.exp(-(end_s + beyond_s) / lasting_s))
        result: Array = here + (inside - first) * (after - here) + velocity * ahead_s
        return result

    def _velocity(self, target: Array, stamp_s: float, dt_s: float) -> Array:
        """(N,) velocity of the targets; 0 if they are still or it is unknown."""
        last, self._last = self._last, (stamp_s, target.copy())
        if last is None or not 0 < stamp_s - last[0] <= LONGEST_GAP_S:
            return np.zeros_like(target)
        movement = target - last[1]
        # Stamps that are too near to each other are no sign of speed.
        velocity: Array = (moving_share(self._spec, movement) / max(stamp_s - last[0], dt_s)
                           * movement)
        return velocity
