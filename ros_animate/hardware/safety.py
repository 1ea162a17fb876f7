"""Safety layer: the last stage before the motors.

All that is sent keeps all limits, whatever comes in. Commands that make no sense are refused and
counted, silence leads to the neutral pose, an emergency stop stays in force until it is reset, and
every pose that is sent comes from a `Governor`.
"""
from __future__ import annotations

import collections
import math

import numpy as np

from ros_animate.hardware.command_check import CommandCheck
from ros_animate.hardware.command_sources import CommandSources
from ros_animate.hardware.estop import EmergencyStop
from ros_animate.hardware.safety_config import SafetyConfig, build_governor
from ros_animate.hardware.safety_state import SafetyState
from ros_animate.robot.governor import Governor, nearest_stop
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command

# Python 3.11 looks a member up in its class as slowly as NumPy adds two arrays.
IDLE, TAKEOVER, TRACKING, HOLD, NEUTRAL, RESTING, ESTOP = SafetyState

TOLERANCE = 1e-6  # relative to the range of a control


class Safety:
    """Computes at every tick the command that is sent to the robot.

    Attributes:
        config: Options in force.
        state: What the layer does at present.
        counts: Events so far: `accepted`, `refused_<reason>`, `takeovers`, `stalls`, `estops`,
            `limited` (ticks in which the limits kept the robot from the reference).
        source: Source of the commands that are followed, '' if there is none.
    """

    def __init__(self, config: SafetyConfig, spec: RobotSpec, start: Array | None = None) -> None:
        """Begins at rest at `start` (N,), by default the neutral pose.

        Raises:
            ConfigurationError: A limit is looser than the robot's, or the file of the emergency
                stop cannot be read.
        """
        self._spec = spec
        self.config = config
        self._governor = build_governor(config, spec)
        self._next_governor: Governor | None = None
        self._estop = EmergencyStop(config.estop_file)
        self._check = CommandCheck(spec)
        self.state = IDLE
        self.counts: collections.Counter[str] = collections.Counter()
        self.source = ''
        # Times on the steady clock of the ticks, which begins at 0.
        self._time_s = 0.0
        self._frame_s = 0.0  # when the camera frame was taken that is answered
        self._sources = CommandSources()
        self._blend_s = 0.0  # since the present blend began
        # Times on the clock of the stamps.
        self._now_s: float | None = None
        self._last_stamp_s = -np.inf
        self._allocate(len(spec.names))
        self.start(spec.neutral if start is None else start)

    def _allocate(self, size: int) -> None:
        """Makes the arrays (N,) that a tick works with, so that it allocates its result alone."""
        self._tolerance = TOLERANCE * (self._spec.high - self._spec.low)
        self._per_tolerance = 1.0 / self._tolerance
        self._min_velocity = -self._spec.max_velocity
        self._commanded = np.empty(size)  # newest positions that were commanded
        self._target = np.empty(size)  # the allowed pose next to them
        self._blend_start = np.empty(size)
        self._rest_pose = np.empty(size)
        # The pose to be at after this tick and after the last one, limits of motion aside.
        self._reference, self._last_reference = np.empty((2, size))
        self._velocity, self._work = np.empty((2, size))
        self._period_s = np.empty(())  # NumPy converts Python's numbers at every operation

    @property
    def estopped(self) -> bool:
        """True if the emergency stop is in force."""
        return self._estop.latched

    @property
    def position(self) -> Array:
        """(N,) the pose that was sent last."""
        return self._sent.position

    @property
    def at_rest(self) -> bool:
        """True if the robot is stopped, or stands in the pose that `rest` asked for."""
        return self.estopped or (self.state is RESTING and self._governor.at_rest
                                 and self._is_at(self._rest_pose))

    @property
    def has_too_many_sources(self) -> bool:
        """True if more senders send than are told apart, or one whose name changes."""
        return self._sources.are_too_many(self._time_s)

    @property
    def silence_s(self) -> float:
        """Age of the newest camera frame that an accepted command answers."""
        return self._time_s - self._frame_s

    def step(self, command: Command | None, now_s: float, source: str = 'default',
             elapsed_s: float | None = None) -> Command:
        """One tick; returns the command to send now.

        Args:
            command: The newest command, None if there is none.
            now_s: Time on the clock of the stamps.
            source: Name of the sender of the command.
            elapsed_s: Time since the last tick on a clock that never jumps; by default what
                `now_s` has advanced.
        """
        dt_s = self._advance_clocks(now_s, elapsed_s)
        if command is not None:
            self._receive(command, now_s, source)
        if dt_s > 0:
            self._advance(dt_s)
        return self._sent

    def start(self, position: Array) -> None:
        """Starts at rest where the robot is (N,); follows the next command from there.

        Values that are not finite or not allowed are replaced by the nearest allowed ones.
        """
        self._reset_pose(np.where(np.isfinite(position), position, self._spec.neutral))
        self._frame_s = self._time_s
        self.source = ''
        self.state = ESTOP if self.estopped else IDLE

    def expect(self, source: str) -> None:
        """Lets a source take over with its next command, also if it sent a moment ago."""
        self._sources.forget(source)

    def estop(self) -> None:
        """Stops with the next tick, until `reset_estop`."""
        self.state = ESTOP
        self.counts['estops'] += 1
        self._estop.latch()

    def reset_estop(self) -> None:
        """Ends the emergency stop; the robot moves when the next command comes."""
        self._estop.release()
        self.start(self._governor.position)

    def rest(self, pose: str) -> None:
        """Goes to the 'neutral' or the 'park' pose and refuses commands, until `resume`."""
        if pose not in ('neutral', 'park'):
            raise ValueError(f"rest at 'neutral' or 'park', not {pose!r}")
        if self.estopped:
            return
        self._blend_to_rest(RESTING, getattr(self._spec, pose))

    def resume(self) -> None:
        """Accepts commands again after `rest`."""
        if self.state is RESTING:
            self.state = IDLE
            self._frame_s = self._time_s

    def configure(self, config: SafetyConfig) -> None:
        """Sets options; limits come into force when the robot has come to rest within them.

        Raises:
            ConfigurationError: A limit would be looser than the robot's.
        """
        governor = build_governor(config, self._spec)
        if not config.same_limits(self.config):
            _, self._stop_pose = nearest_stop(self._spec, self._governor.position,
                                              self._governor.velocity)
            governor.clamp(self._stop_pose)
            self._next_governor = governor
        self.config = config

    def _advance_clocks(self, now_s: float, elapsed_s: float | None) -> float:
        """Notes the time of a tick; returns the time since the last one."""
        last_s = now_s if self._now_s is None else self._now_s
        if now_s < last_s:  # the clock of the stamps was set back
            self._last_stamp_s = -np.inf
        self._now_s = now_s
        dt_s = max(now_s - last_s if elapsed_s is None else elapsed_s, 0.0)
        self._time_s += dt_s
        return dt_s

    def _receive(self, command: Command, now_s: float, source: str) -> None:
        """Takes the target from a command, or counts the reason why it is refused."""
        source = self._sources.identify(source, self._time_s)
        reason = self._refusal(command, now_s, source)
        if reason in ('', 'source'):
            self._sources.note(source, self._time_s)
        if reason:
            self.counts[f'refused_{reason}'] += 1
            return
        self.counts['accepted'] += 1
        if source != self.source or self.state in (IDLE, NEUTRAL):
            self._take_over(source)
        frame_s = self._time_s - max(now_s - command.stamp_s, 0.0)
        # A stamp that was answered before does not grow younger, whatever its clock does.
        is_new = command.stamp_s != self._last_stamp_s
        self._frame_s = frame_s if is_new else min(frame_s, self._frame_s)
        self._last_stamp_s = command.stamp_s
        if self.state is HOLD:
            self.state = TRACKING
        self._check.copy_position(command, self._commanded)
        self._governor.clamp(self._commanded, out=self._target)

    def _refusal(self, command: Command, now_s: float, source: str) -> str:
        """Reason to refuse the command in one word, '' to accept it."""
        if self.state in (ESTOP, RESTING):
            return self.state.value
        defect = self._check.defect(command, now_s, self.config)
        if defect:
            return defect
        if command.stamp_s == self._last_stamp_s and self.silence_s > self.config.stale_s:
            return 'stale'
        if source == self.source:
            return 'disorder' if command.stamp_s < self._last_stamp_s else ''
        return '' if self._may_take_over(source) else 'source'

    def _may_take_over(self, source: str) -> bool:
        """True for a source that has just begun to send, or if the present one is silent."""
        return (not self.source or self.silence_s > self.config.stale_s
                or self._sources.silence_s(source, self._time_s) > self.config.stale_s)

    def _take_over(self, source: str) -> None:
        """Begins to blend from the present reference to the targets of a source."""
        self.source = source
        self.counts['takeovers'] += 1
        self.state = TAKEOVER
        self._begin_blend()

    def _advance(self, dt_s: float) -> None:
        """Moves on by `dt_s` > 0."""
        if self.estopped or dt_s > self.config.stall_s:
            self.counts['stalls'] += not self.estopped
            self._governor.velocity[:] = 0.0
            self._send(np.zeros_like(self._reference))
            return
        self._check_silence()
        self._blend_s += dt_s
        self._update_reference()
        if self._next_governor is not None:
            self._change_governor(self._next_governor)
        self._follow_reference(dt_s)
        self.counts['limited'] += self._is_limited()

    def _check_silence(self) -> None:
        """Holds, and later goes to neutral, while no usable command comes."""
        if self.state is RESTING:
            return
        if self.silence_s > self.config.neutral_after_s and self.state is not NEUTRAL:
            self.source = ''
            self._blend_to_rest(NEUTRAL, self._spec.neutral)
        elif self.silence_s > self.config.stale_s and self.state in (TAKEOVER, TRACKING):
            self.state = HOLD

    def _blend_to_rest(self, state: SafetyState, pose: Array) -> None:
        """Begins to blend from the present reference to the allowed pose next to `pose` (N,)."""
        self.state = state
        self._governor.clamp(pose, out=self._rest_pose)
        self._begin_blend()

    def _begin_blend(self) -> None:
        self._blend_s = 0.0
        np.copyto(self._blend_start, self._reference)

    def _update_reference(self) -> None:
        """Sets the pose to be at after this tick, limits of motion aside; an allowed one."""
        self._reference, self._last_reference = self._last_reference, self._reference
        if self.state in (NEUTRAL, RESTING):
            share = min(1.0, self._blend_s / self.config.neutral_s)
            smooth_share = share * share * (3.0 - 2.0 * share)  # begins and ends at rest
            _blend(self._blend_start, self._rest_pose, smooth_share, self._reference)
        elif self.state is TAKEOVER and self._blend_s < self.config.takeover_s:
            _blend(self._blend_start, self._target, self._blend_s / self.config.takeover_s,
                   self._reference)
        elif self.state in (TAKEOVER, TRACKING):
            self.state = TRACKING
            np.copyto(self._reference, self._target)
        else:
            np.copyto(self._reference, self._last_reference)

    def _change_governor(self, governor: Governor) -> None:
        """Goes to rest within the limits of `governor` under the present ones; then changes."""
        np.copyto(self._reference, self._stop_pose)
        if self._governor.at_rest and self._is_at(self._stop_pose):
            governor.clamp(self._governor.position)  # rounding alone
            governor.reset(self._governor.position)
            self._governor, self._next_governor = governor, None
            governor.clamp(self._target)
            governor.clamp(self._rest_pose)

    def _follow_reference(self, dt_s: float) -> None:
        """Lets the governor follow the reference through one tick.

        The reference moves steadily from `start = reference - velocity * dt` to its present pose,
        where `velocity` is (reference - last reference) / dt, limited to the robot's.
        """
        governor, period_s = self._governor, self._period_s
        velocity, start = self._velocity, self._work
        # In place, so that a tick allocates nothing but its result.
        period_s[()] = dt_s
        np.subtract(self._reference, self._last_reference, velocity)
        np.divide(velocity, period_s, velocity)
        np.minimum(velocity, self._spec.max_velocity, velocity)
        np.maximum(velocity, self._min_velocity, velocity)
        np.multiply(velocity, period_s, start)
        np.subtract(self._reference, start, start)
        governor.step(start, velocity, dt_s)
        acceleration = governor.velocity - governor.last_velocity
        np.divide(acceleration, period_s, acceleration)
        self._send(acceleration)

    def _is_limited(self) -> bool:
        """True if the limits keep the robot from the reference: |error / tolerance| > 1."""
        error = self._work
        np.subtract(self._governor.position, self._reference, error)
        np.multiply(error, self._per_tolerance, error)
        return bool(error.dot(error) > 1.0)

    def _is_at(self, pose: Array) -> bool:
        """True if every control is at its value in `pose` (N,), rounding aside."""
        return bool((np.abs(self._governor.position - pose) <= self._tolerance).all())

    def _reset_pose(self, pose: Array) -> None:
        """Is at rest at the allowed pose next to `pose` (N,)."""
        self._governor.clamp(pose, out=self._commanded)
        self._governor.reset(self._commanded)
        for array in (self._target, self._rest_pose, self._blend_start, self._reference):
            np.copyto(array, self._commanded)
        self._send(np.zeros_like(self._commanded))

    def _send(self, acceleration: Array) -> None:
        """Makes the command of this tick from the state of the governor."""
        stamp_s = self._last_stamp_s if math.isfinite(self._last_stamp_s) else 0.0
        self._sent = Command(self._spec.names, self._governor.position.copy(),
                             self._governor.velocity.copy(), acceleration, stamp_s)


def _blend(start: Array, end: Array, share: float, out: Array) -> None:
    """Sets `out` to start + share * (end - start), without allocating."""
    np.subtract(end, start, out=out)
    np.multiply(out, share, out=out)
    np.add(out, start, out=out)
