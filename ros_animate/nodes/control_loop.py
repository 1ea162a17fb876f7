"""The loop of the hardware node: trajectory, safety layer, robot. Imports no ROS."""
from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.hardware.last_pose import LastPose
from ros_animate.hardware.manual import SOURCE as MANUAL
from ros_animate.hardware.manual import ManualTargets
from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.hardware.trajectory import TrajectoryFollower
from ros_animate.hardware.trajectory_goal import SOURCE as GOAL
from ros_animate.hardware.trajectory_goal import TrajectoryGoal
from ros_animate.nodes.robot_link import RobotLink
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command, RobotState


@dataclass(frozen=True)
class Tick:
    """Result of one tick.

    Attributes:
        sent: Command as the robot took it, None if the robot is not commanded or not reachable.
        state: State of the robot, None if it is not reachable.
    """

    sent: Command | None
    state: RobotState | None


class ControlLoop:
    """Follows the newest trajectory behind the safety layer; may be used by several threads.

    An inactive loop reads the robot's state and sends nothing. A disabled one brings the robot to
    neutral and then sends nothing.

    Args:
        safety: Safety layer of the robot.
        link: Connection to the robot.
        last_pose: Memory of the pose that was sent last.
        spec: Description of the robot.
        manual_speed: Part of the velocity limits at which the manual mode moves.
        manual_timeout_s: Time without a manual target after which there is none.

    Attributes:
        active: True while the robot is commanded.
        enabled: False if commands are refused until the loop is enabled again.
        manual: True while a person moves the robot: trajectories are not followed.
    """

    def __init__(self, safety: Safety, link: RobotLink, last_pose: LastPose, spec: RobotSpec,
                 manual_speed: float = 1.0, manual_timeout_s: float = 10.0) -> None:
        self.active = False
        self.enabled = True
        self.manual = False
        self._manual_targets = ManualTargets(spec, manual_speed)
        self._manual_timeout_s, self._manual_s = manual_timeout_s, 0.0
        self._safety, self._link, self._last_pose, self._spec = safety, link, last_pose, spec
        self._follower = TrajectoryFollower()
        self._goal: TrajectoryGoal | None = None
        self._lock = threading.Lock()
        self._at_rest = threading.Event()
        self._source = ''
        self._received_s = 0.0
        self._now_s = 0.0
        self._steady_s: float | None = None

    @property
    def estopped(self) -> bool:
        """True while the emergency stop is in force."""
        return self._safety.estopped

    @property
    def obstacle(self) -> str:
        """Reason why the robot follows nobody's trajectories now; '' if it does."""
        return self._standstill or ('manual mode' if self.manual else '')

    @property
    def _standstill(self) -> str:
        """Reason why the robot does not move at all; '' if it does."""
        if self.estopped:
            return 'emergency stop'
        if not self.active:
            return 'not active'
        return '' if self.enabled else 'disabled'

    @property
    def position(self) -> Array:
        """(N,) the position that was commanded last."""
        return self._safety.position.copy()

    def follow_goal(self, goal: TrajectoryGoal) -> None:
        """Follows a goal in the place of the trajectories, until it is left."""
        with self._lock:
            self._goal = goal
            self._safety.expect(GOAL)

    def leave_goal(self, goal: TrajectoryGoal) -> None:
        """Follows the trajectories again, if it follows this goal."""
        with self._lock:
            if self._goal is goal:
                self._goal = None

    def follow(self, points: Sequence[tuple[float, Command]], source: str,
               steady_s: float) -> None:
        """Replaces the trajectory.

        Args:
            points: (time_s, command) in order of time.
            source: Name of the source of commands.
            steady_s: Time of arrival, on the steady clock of `tick`.

        Raises:
            ValueError: The points are not in order.
        """
        with self._lock:
            self._follower.take(points)
            self._source, self._received_s = source, steady_s

    def activate(self, now_s: float) -> None:
        """Begins to command the robot, from where it is."""
        with self._lock:
            self._safety.start(self._robot_position(now_s))
            self._follower.reset()
            self.manual = False
            self.active = True

    def rest(self, pose: str, timeout_s: float) -> bool:
        """Brings the robot to rest in a pose, from then on it is not commanded.

        Args:
            pose: 'neutral' or 'park'.
            timeout_s: Time after which the loop stops to command the robot wherever it is.

        Returns:
            True if the pose was reached.
        """
        with self._lock:
            self._at_rest.clear()
            self._safety.rest(pose)
        reached = self._at_rest.wait(timeout_s)
        with self._lock:
            self.active = False
        return reached

    def release(self) -> None:
        """Disconnects the robot."""
        with self._lock:
            self.active = False
            self._link.disconnect()

    def set_enabled(self, enabled: bool) -> None:
        """Enables the loop, or brings the robot to neutral and then leaves it alone."""
        with self._lock:
            self.enabled = enabled
            if enabled:
                self._safety.resume()
                self._hold_manually()
            else:
                self._safety.rest('neutral')

    def configure(self, options: SafetyConfig) -> None:
        """Changes the options of the safety layer; raises ConfigurationError."""
        with self._lock:
            self._safety.configure(options)

    def estop(self) -> None:
        """Stops the robot; raises OSError if the stop would not survive a restart."""
        with self._lock:
            self._safety.estop()

    def reset_estop(self) -> None:
        """Ends the emergency stop; raises OSError if that fails."""
        with self._lock:
            self._safety.reset_estop()
            self._hold_manually()

    def set_manual(self, manual: bool, steady_s: float) -> str:
        """Begins or ends the manual mode; returns a text about the result.

        It begins where the robot is, and ends with a blend to what the policy sends.
        """
        with self._lock:
            if manual and self._standstill:
                return f'refused: {self._standstill}'
            if manual and not self.manual:
                self._hold_manually()
                self._manual_s = steady_s
            self.manual = manual
            return ('on: the robot follows manual_targets' if manual else
                    'off: the robot follows the policy')

    def move_manually(self, names: Sequence[str], values: Array, steady_s: float) -> None:
        """Sets targets of the manual mode; without it they are ignored.

        Args:
            names: Names of controls, none to only go on.
            values: A value for each, in the robot's units.
            steady_s: Time of arrival, on the steady clock of `tick`.

        Raises:
            ConfigurationError: The robot has no such control.
            ValueError: A value is not finite.
        """
        with self._lock:
            if not self.manual:
                return
            if steady_s - self._manual_s > self._manual_timeout_s:
                self._hold_manually()
            self._manual_targets.set(names, values)
            self._manual_s = steady_s

    def tick(self, now_s: float, steady_s: float) -> Tick:
        """Computes and sends one command.

        Args:
            now_s: Time on the clock of the stamps, which may jump or stand still.
            steady_s: Time on a clock that does neither.
        """
        with self._lock:
            elapsed_s = self._elapse(now_s, steady_s)
            target, source = self._target(now_s, steady_s, elapsed_s)
            command = self._safety.step(target, now_s, source, elapsed_s)
            at_rest = self._safety.at_rest
            is_commanded = self.active and (self.enabled or not at_rest)
            sent, state = self._link.exchange(command if is_commanded else None, now_s)
            if sent is not None:
                self._last_pose.keep(sent.position)
            if at_rest:
                self._at_rest.set()
        return Tick(sent, state)

    def _target(self, now_s: float, steady_s: float,
                elapsed_s: float) -> tuple[Command | None, str]:
        """The command to follow now, None for none, and the name of its source."""
        if self.manual:
            if steady_s - self._manual_s > self._manual_timeout_s:
                return None, MANUAL
            pose = self._manual_targets.advance(elapsed_s)
            still = np.zeros_like(pose)
            return Command(self._spec.names, pose, still, still, now_s), MANUAL
        if self._goal is not None:
            return self._goal.target(now_s), GOAL
        # On a clock that stands still only the time of arrival shows that a source is silent.
        is_fresh = steady_s - self._received_s <= self._safety.config.stale_s
        return self._follower.at(now_s) if is_fresh else None, self._source

    def _hold_manually(self) -> None:
        """Lets the manual mode, if it is on or begins, start from where the robot is now."""
        self._manual_targets.begin(self._safety.position)

    def _elapse(self, now_s: float, steady_s: float) -> float:
        """Steady time since the last tick: the robot's limits are those of the real clock."""
        if now_s < self._now_s:
            # The clock was set back, so the points lie in the future.
            self._follower.reset()
        elapsed_s = 0.0 if self._steady_s is None else steady_s - self._steady_s
        self._now_s, self._steady_s = now_s, steady_s
        return elapsed_s

    def _robot_position(self, now_s: float) -> Array:
        """Position (N,) that the robot measures, else the last one that any process sent."""
        _, state = self._link.exchange(None, now_s)
        if self._last_pose.position is not None and not self._link.measures:
            return self._last_pose.position
        return self._spec.neutral if state is None else state.position
