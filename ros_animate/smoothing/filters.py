"""Filters of targets, vectorised over the controls of a robot."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

SPEED_CUTOFF_HZ = 1.0
SETTLING_S = 3.0  # time constant of the low-pass of a still face
AVERAGING_S = 0.2  # time constant of the average change of a control
CLOSING_S = 0.6  # time constant with which the filter closes after a movement
# In units of the robot's jitter:
STILL_RMS, MOVING_RMS = 1.5, 2.0  # all controls: below the face is still, above it moves
# One control: from this change on a target passes unchanged, while the face is still or moves.
STILL_PASS, MOVING_PASS = 10.0, 0.5
SHARPNESS = 3.0  # how sharply noise and movement of one control are told apart
MOVED = 3.5  # one control: it has moved if its average change is greater
GOES_ON = 4.0  # one control that has moved still does while it leads its own average by more
LEAD_S = (0.1, 0.5)  # time constants of the two averages whose difference is the lead
BAND = 5.0  # half width of the dead band of a still face
MAX_CHANGE = 30.0  # a control that jumps counts no more than this for the whole face


class StillnessFilter:
    """Keeps a still face still and passes the targets of a moving one unchanged, without delay.

    Tracker noise shakes every control independently; a face that moves moves many controls, or
    one of them far. So the filter measures the distance of all targets from the filtered ones, in
    units of the controls' jitter. The closer its root mean square is to that of noise, the more
    each target is low-passed (unless its control is far off, or a little off for some frames) and
    the wider is a dead band around the output: the output stays while the filtered target is
    within the band, which removes the remaining slow noise.

    Args:
        spec: The robot.
        strength: Factor of the robot's jitter; 0 passes everything.
    """

    def __init__(self, spec: RobotSpec, strength: float = 1.0) -> None:
        self._spec = spec
        self.set_strength(strength)
        self.reset()

    def set_strength(self, strength: float) -> None:
        """Sets the factor of the robot's jitter; the filter goes on from its present state."""
        self._jitter = strength * self._spec.jitter
        self._is_off = not self._jitter.any()
        self._per_jitter = np.zeros_like(self._jitter) if self._is_off else 1.0 / self._jitter
        self._band, self._moved_change = BAND * self._jitter, MOVED * self._jitter

    def reset(self) -> None:
        """Starts anew with the next target."""
        self._stamp_s: float | None = None
        self._smooth: Array = np.zeros_like(self._jitter)
        self._output: Array = np.zeros_like(self._jitter)
        self._mean_change: Array = np.zeros_like(self._jitter)
        self._open: Array = np.zeros_like(self._jitter)
        self._fast: Array = np.zeros_like(self._jitter)
        self._slow: Array = np.zeros_like(self._jitter)

    def step(self, target: Array, stamp_s: float) -> Array:
        """The filtered target (N,); a target older than the last one starts the filter anew."""
        if self._is_off or self._stamp_s is None or stamp_s < self._stamp_s:
            self.reset()
            self._stamp_s = stamp_s
            self._smooth, self._output = target.copy(), target.copy()
            self._fast, self._slow = target.copy(), target.copy()
            return self._output
        dt_s, self._stamp_s = stamp_s - self._stamp_s, stamp_s
        change = target - self._smooth
        self._mean_change += _passed(dt_s, AVERAGING_S) * (change - self._mean_change)
        self._fast += _passed(dt_s, LEAD_S[0]) * (target - self._fast)
        self._slow += _passed(dt_s, LEAD_S[1]) * (target - self._slow)
        distance = np.minimum(np.absolute(change) * self._per_jitter, MAX_CHANGE)
        moving = _ramp(math.sqrt(distance.dot(distance) / len(distance)), STILL_RMS, MOVING_RMS)
        if moving >= 1.0:  # a shortcut: everything is open
            self._open[:] = 1.0
            self._smooth = self._smooth + change
            self._output = self._smooth
        else:
            self._filter(change, distance, moving, dt_s)
        return self._output

    def _filter(self, change: Array, distance: Array, moving: float, dt_s: float) -> None:
        """Moves the output of a face that is still or nearly so.

        Args:
            change: (N,) target less filtered target.
            distance: (N,) size of the change in units of jitter; changed in place.
            moving: 0 for a still face to 1 for a moving one.
            dt_s: Time since the last target.
        """
        distance *= 1.0 / (STILL_PASS + moving * (MOVING_PASS - STILL_PASS))
        share = np.maximum(distance ** SHARPNESS, _passed(dt_s, SETTLING_S))
        np.maximum(share, self._openness(moving, dt_s), out=share)
        np.minimum(share, 1.0, out=share)
        self._smooth = self._smooth + share * change
        band = self._band * (1.0 - share)
        self._output = np.minimum(np.maximum(self._output, self._smooth - band),
                                  self._smooth + band)

    def _openness(self, moving: float, dt_s: float) -> Array:
        """(N,) 1 while the face or the control moves, then slowly down to 0.

        So target and output meet before the face is held still. A control has also moved if it
        has been off to the same side for a moment, and moves on, however slowly, while it keeps
        its direction.
        """
        moved = np.maximum(np.absolute(self._mean_change) > self._moved_change, moving)
        goes_on = np.absolute(self._fast - self._slow) * self._per_jitter > GOES_ON
        moved[goes_on & (self._open > 0.5)] = 1.0
        self._open = np.maximum(moved, self._open * (1.0 - _passed(dt_s, CLOSING_S)))
        return self._open


@dataclass(frozen=True)
class OneEuroState:
    """State of a `OneEuroFilter`. Its arrays are replaced and never written to.

    Attributes:
        stamp_s: Stamp of the last target, None before the first.
        output: (N,) last output.
        speed: (N,) low-passed speed in ranges per second.
    """

    stamp_s: float | None
    output: Array
    speed: Array


class OneEuroFilter:
    """A low-pass that opens with speed.

    Source: Casiez, Roussel, Vogel, "1€ Filter", CHI 2012, equations 1 to 4, with values relative to
    the ranges of the robot.

    Args:
        spec: The robot.
        cutoff_hz: Cut-off frequency of the low-pass while the target does not move.
        openness: Hertz of cut-off per range per second of speed.

    Attributes:
        state: Present state; may be kept and set again.
    """

    def __init__(self, spec: RobotSpec, cutoff_hz: float, openness: float) -> None:
        self._range = spec.high - spec.low
        self.set_options(cutoff_hz, openness)
        self.reset()

    def set_options(self, cutoff_hz: float, openness: float) -> None:
        """Sets both options; the filter goes on from its present state."""
        self._cutoff_hz, self._openness = cutoff_hz, openness

    def reset(self) -> None:
        """Starts anew with the next target."""
        zero: Array = np.zeros_like(self._range)
        self.state = OneEuroState(None, zero, zero)

    def step(self, target: Array, stamp_s: float) -> Array:
        """The filtered target (N,); one that is not newer than the last starts the filter anew."""
        last = self.state
        if last.stamp_s is None or not stamp_s > last.stamp_s:
            self.state = OneEuroState(stamp_s, target.copy(), np.zeros_like(target))
            return self.state.output
        dt_s = stamp_s - last.stamp_s
        speed = (target - last.output) / (dt_s * self._range)
        speed = last.speed + _passed(dt_s, _time_constant(SPEED_CUTOFF_HZ)) * (speed - last.speed)
        cutoff_hz = self._cutoff_hz + self._openness * np.abs(speed)
        output = last.output + _passed(dt_s, _time_constant(cutoff_hz)) * (target - last.output)
        self.state = OneEuroState(stamp_s, output, speed)
        return output


def _passed(dt_s: float, time_constant_s: Any) -> Any:
    """Part of a step in its input that a first-order low-pass passes within `dt_s`."""
    return 1.0 - np.exp(-dt_s / time_constant_s)


def _time_constant(cutoff_hz: Any) -> Any:
    """Time constant in seconds of a first-order low-pass."""
    return 1.0 / (2.0 * np.pi * cutoff_hz)


def _ramp(value: float, low: float, high: float) -> float:
    """0 below `low`, 1 above `high`, linear between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)
