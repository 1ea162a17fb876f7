"""The last stage before the motors: what is sent keeps all limits, whatever comes in.

The safety layer trusts no one: commands that make no sense are refused and counted, silence leads
to the neutral pose, an emergency stop stays in force until it is reset, and all that is sent has
gone through a `Governor`.
"""
from __future__ import annotations

import collections
import math
from dataclasses import dataclass

import numpy as np

from ros_animate.configuration import ConfigurationError, option
from ros_animate.hardware.estop import EmergencyStop
from ros_animate.robot.governor import Governor, stopping
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Command

IDLE, TRACKING, TAKEOVER, HOLD, NEUTRAL, RESTING, ESTOP = (
    'idle', 'tracking', 'takeover', 'hold', 'neutral', 'resting', 'estop')
FORGET_SOURCE_S = 60.0


@dataclass(frozen=True)
class Config:
    """Options of the safety layer. Limits can be tightened here, never loosened."""

    stale_s: float = option(0.5, 'commands that answer an older camera frame are refused, and '
                            'after this time without a newer one the robot holds',
                            low=0.05, high=10.0)
    neutral_after_s: float = option(2.0, 'after this time without a newer frame it goes neutral',
                                    low=0.1, high=60.0)
    neutral_s: float = option(1.0, 'time for the way to neutral or to the pose for shutting down',
                              low=0.1, high=10.0)
    takeover_s: float = option(0.6, 'time in which a new source of commands takes over', low=0.0,
                               high=10.0)
    future_s: float = option(0.1, 'commands stamped further ahead than this are refused', low=0.0,
                             high=10.0)
    stall_s: float = option(0.1, 'after a longer pause between two ticks the robot is taken to '
                            'stand where it was sent last', low=0.01, high=1.0)
    velocity_scale: float = option(1.0, "part of the robot's velocity limits", low=0.01, high=1.0)
    acceleration_scale: float = option(1.0, "part of the robot's acceleration limits", low=0.01,
                                       high=1.0)
    ranges: tuple[str, ...] = option((), "tighter ranges in the robot's units, each as "
                                     "'Head Pitch=-20:20'")
    estop_file: str = option('', 'a file that keeps the emergency stop in force over a restart; '
                             'empty: it ends with the process')


    def check_rate(self, rate_hz: float) -> None:
        """Raises ConfigurationError where every tick would be taken for a stall."""
        if not rate_hz * self.stall_s > 1.0:
            raise ConfigurationError(f'at {rate_hz:g} Hz every tick is a stall; the rate must be '
                                     f'above {1.0 / self.stall_s:g} Hz, or stall_s longer')


class Safety:
    """Decides at every tick what is sent to the robot.

    Attributes:
        state: 'idle' (no command yet), 'takeover', 'tracking', 'hold', 'neutral', 'resting' (on
            the way to or in a pose asked for with `rest`), 'estop'.
        counts: How often something happened: `accepted`, `refused_<why>`, `takeovers`, `stalls`,
            `limited` (ticks in which what was sent is not what was wanted).
        source: Whose commands are followed, '' if nobody's.
    """

    def __init__(self, config: Config, spec: RobotSpec, start: Array | None = None) -> None:
        """At rest at `start` (N,), by default the neutral pose.

        Raises:
            ConfigurationError: A limit is looser than the robot's, or the file of the emergency
                stop cannot be read.
        """
        self._spec = spec
        self.config = config
        self._governor = _governor(config, spec)
        self._next_governor: Governor | None = None
        self._estop = EmergencyStop(config.estop_file)
        self.state = IDLE
        self.counts: collections.Counter[str] = collections.Counter()
        self.source = ''
        self._seen_s: dict[str, float] = {}
        self._time_s = 0.0  # elapsed since the start, on the steady clock of the ticks
        self._fresh_s = 0.0  # when the camera frame was taken that is answered, on the same clock
        self._blend_s = 0.0
        self._now_s: float | None = None
        self._stamp_s = -np.inf
        self._columns: dict[tuple[str, ...], Array | slice] = {spec.names: slice(None)}
        self._tolerance = 1e-6 * (spec.high - spec.low)
        self._per_tolerance = 1.0 / self._tolerance
        self._slowest = -spec.max_velocity
        self._nothing = np.zeros_like(self._tolerance)
        self._wish, self._before, self._velocity, self._work = np.empty((4, len(self._tolerance)))
        self._period_s = np.empty(())  # of no dimensions: numbers are converted at each operation
        self.start(spec.neutral if start is None else start)

    @property
    def estopped(self) -> bool:
        """The emergency stop is in force."""
        return self._estop.latched

    @property
    def at_rest(self) -> bool:
        """In the pose asked for with `rest`, or stopped."""
        return self.estopped or (
            self.state == RESTING and self._governor.at_rest
            and bool((np.abs(self._governor.position - self._goal) <= self._tolerance).all()))

    @property
    def silence_s(self) -> float:
        """Age of the newest camera frame that an accepted command answers."""
        return self._time_s - self._fresh_s

    def step(self, command: Command | None, now_s: float, source: str = 'default',
             elapsed_s: float | None = None) -> Command:
        """One tick: what is to be sent now.

        Args:
            command: The newest command, None if there is none.
            now_s: On the clock of the stamps.
            source: Whose command it is.
            elapsed_s: Since the last tick on a clock that never jumps; by default what `now_s`
                has advanced.
        """
        dt_s = self._elapse(now_s, elapsed_s)
        if command is not None:
            self._consider(command, now_s, source)
        if dt_s > 0:
            self._advance(dt_s)
        return self._sent

    def start(self, position: Array) -> None:
        """Is at rest where the robot is (N,); follows the next command from there.

        What is not finite or not allowed is replaced by the nearest value that is.
        """
        self._stand(np.where(np.isfinite(position), position, self._spec.neutral))
        self._fresh_s = self._time_s
        self.source = ''
        self.state = ESTOP if self.estopped else IDLE

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
        self._glide_to(RESTING, getattr(self._spec, pose))

    def resume(self) -> None:
        """Takes commands again."""
        if self.state == RESTING:
            self.state = IDLE
            self._fresh_s = self._time_s

    def configure(self, config: Config) -> None:
        """Takes new options; limits come into force when the robot has come to rest within them.

        Raises:
            ConfigurationError: A limit would be looser than the robot's.
        """
        governor = _governor(config, self._spec)
        limits = ('velocity_scale', 'acceleration_scale', 'ranges')
        if any(getattr(config, key) != getattr(self.config, key) for key in limits):
            _, self._waypoint = stopping(self._spec, self._governor.position,
                                         self._governor.velocity)
            governor.clamp(self._waypoint)
            self._next_governor = governor
        self.config = config

    def _elapse(self, now_s: float, elapsed_s: float | None) -> float:
        before_s = now_s if self._now_s is None else self._now_s
        if now_s < before_s:  # the clock of the stamps was set back
            self._stamp_s = -np.inf
        self._now_s = now_s
        dt_s = max(now_s - before_s if elapsed_s is None else elapsed_s, 0.0)
        self._time_s += dt_s
        return dt_s

    def _consider(self, command: Command, now_s: float, source: str) -> None:
        starts = self._time_s - self._seen_s.get(source, -np.inf) > self.config.stale_s
        why = self._reason_to_refuse(command, now_s, source, starts)
        if not why or why == 'source':
            self._seen_s[source] = self._time_s
        if why:
            self.counts[f'refused_{why}'] += 1
            return
        self.counts['accepted'] += 1
        if source != self.source or self.state in (IDLE, NEUTRAL):
            self._take_over(source)
        self._stamp_s = command.stamp_s
        self._fresh_s = self._time_s - max(now_s - command.stamp_s, 0.0)
        if self.state == HOLD:
            self.state = TRACKING
        if command.names is self._spec.names:
            np.copyto(self._asked, command.position)
        else:
            self._asked[self._columns[command.names]] = command.position
        self._governor.clamp(self._asked, out=self._wanted)

    def _reason_to_refuse(self, command: Command, now_s: float, source: str, starts: bool) -> str:
        """One word, '' if the command is good."""
        if self.state in (ESTOP, RESTING):
            return self.state
        if not self._known(command):
            return 'names'
        # Nothing times what is not finite is NaN.
        if not (math.isfinite(command.stamp_s)
                and command.position.dot(self._nothing[:len(command.position)]) == 0.0):
            return 'nonfinite'
        if command.stamp_s > now_s + self.config.future_s:
            return 'future'
        if now_s - command.stamp_s > self.config.stale_s:
            return 'stale'
        if self.source not in ('', source) and not starts and (
                self.silence_s <= self.config.stale_s):
            return 'source'
        if source == self.source and command.stamp_s < self._stamp_s:
            return 'disorder'
        return ''

    def _known(self, command: Command) -> bool:
        if command.names is self._spec.names:
            return command.position.shape == self._nothing.shape
        if command.names not in self._columns:
            if not set(command.names) <= set(self._spec.names):
                return False
            self._columns[command.names] = np.array([self._spec.index(n) for n in command.names])
        return command.position.shape == (len(command.names),)

    def _take_over(self, source: str) -> None:
        self.source = source
        self.counts['takeovers'] += 1
        self.state = TAKEOVER
        self._blend_s = 0.0
        np.copyto(self._from, self._wish)
        self._seen_s = {name: seen_s for name, seen_s in self._seen_s.items()
                        if self._time_s - seen_s < FORGET_SOURCE_S}

    def _advance(self, dt_s: float) -> None:
        if self.estopped or dt_s > self.config.stall_s:
            self.counts['stalls'] += not self.estopped
            self._governor.velocity[:] = 0.0
            self._send(np.zeros_like(self._wish))
            return
        self._watch_silence()
        self._blend_s += dt_s
        self._wish, self._before = self._before, self._wish
        self._choose_wish()
        if self._next_governor is not None:
            self._change_governor(self._next_governor)
        self._move(dt_s)
        off = self._work
        np.subtract(self._governor.position, self._wish, off)
        np.multiply(off, self._per_tolerance, off)
        self.counts['limited'] += bool(off.dot(off) > 1.0)

    def _move(self, dt_s: float) -> None:
        """Follows the wish, which moves steadily during the tick but not beyond the limits."""
        governor, period_s = self._governor, self._period_s
        velocity, start = self._velocity, self._work
        period_s[()] = dt_s
        np.subtract(self._wish, self._before, velocity)
        np.divide(velocity, period_s, velocity)
        np.minimum(velocity, self._spec.max_velocity, velocity)
        np.maximum(velocity, self._slowest, velocity)
        np.multiply(velocity, period_s, start)
        np.subtract(self._wish, start, start)
        governor.step(start, velocity, dt_s)
        acceleration = governor.velocity - governor.last_velocity
        np.divide(acceleration, period_s, acceleration)
        self._send(acceleration)

    def _watch_silence(self) -> None:
        if self.state == RESTING:
            return
        if self.silence_s > self.config.neutral_after_s and self.state != NEUTRAL:
            self.source = ''
            self._glide_to(NEUTRAL, self._spec.neutral)
        elif self.silence_s > self.config.stale_s and self.state in (TAKEOVER, TRACKING):
            self.state = HOLD

    def _glide_to(self, state: str, pose: Array) -> None:
        self.state = state
        self._goal = pose.copy()
        self._governor.clamp(self._goal)
        self._blend_s = 0.0
        np.copyto(self._from, self._wish)

    def _choose_wish(self) -> None:
        """Where to be at the end of this tick, limits of motion aside; an allowed pose."""
        if self.state in (NEUTRAL, RESTING):
            share = min(1.0, self._blend_s / self.config.neutral_s)
            _blend(self._from, self._goal, share * share * (3.0 - 2.0 * share), self._wish)
        elif self.state == TAKEOVER and self._blend_s < self.config.takeover_s:
            _blend(self._from, self._wanted, self._blend_s / self.config.takeover_s, self._wish)
        elif self.state in (TAKEOVER, TRACKING):
            self.state = TRACKING
            np.copyto(self._wish, self._wanted)
        else:
            np.copyto(self._wish, self._before)

    def _change_governor(self, governor: Governor) -> None:
        """Comes to rest within the limits of `governor`, under the present ones; then changes."""
        np.copyto(self._wish, self._waypoint)
        distance = np.abs(self._governor.position - self._waypoint)
        if self._governor.at_rest and (distance <= self._tolerance).all():
            governor.clamp(self._governor.position)  # rounding alone
            governor.stand(self._governor.position)
            self._governor, self._next_governor = governor, None
            governor.clamp(self._wanted)
            governor.clamp(self._goal)

    def _stand(self, pose: Array) -> None:
        """At rest at the allowed pose next to `pose` (N,)."""
        self._asked = pose.astype(float)
        self._governor.clamp(self._asked)
        self._governor.stand(self._asked)
        self._wanted, self._goal, self._from = (self._asked.copy() for _ in range(3))
        np.copyto(self._wish, self._asked)
        self._send(np.zeros_like(self._asked))

    def _send(self, acceleration: Array) -> None:
        stamp_s = self._stamp_s if math.isfinite(self._stamp_s) else 0.0
        self._sent = Command(self._spec.names, self._governor.position.copy(),
                             self._governor.velocity.copy(), acceleration, stamp_s)


def _blend(start: Array, end: Array, share: float, out: Array) -> None:
    np.subtract(end, start, out=out)
    np.multiply(out, share, out=out)
    np.add(out, start, out=out)


def _governor(config: Config, spec: RobotSpec) -> Governor:
    low, high = spec.low.copy(), spec.high.copy()
    for text in config.ranges:
        name, _, ends = text.partition('=')
        i = spec.index(name.strip())
        try:
            low[i], high[i] = (float(end) for end in ends.split(':'))
        except ValueError as error:
            raise ConfigurationError(f"range {text!r}: expected 'name=low:high'") from error
        if not low[i] <= spec.neutral[i] <= high[i]:
            raise ConfigurationError(f'range {text!r} leaves out the neutral value '
                                     f'{spec.neutral[i]:g}')
    try:
        return Governor(spec, low=low, high=high,
                        max_velocity=config.velocity_scale * spec.max_velocity,
                        max_acceleration=config.acceleration_scale * spec.max_acceleration)
    except ValueError as error:
        raise ConfigurationError(f'safety: {error}') from error
