"""Filters of targets, vectorised over the controls of a robot."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

SPEED_CUTOFF_HZ = 1.0
MEAN_S, FAST_MEAN_S = 0.4, 0.08  # time constants of the two averages of a target
CLOSING_S = 0.6  # time constant with which the band widens after a movement
# In units of the robot's jitter:
BAND = 6.0  # half width of the dead band of a still face
# A face, or a control, is still up to the first value and moves from the second one on.
FACE = (2.0, 3.0)  # root mean square of all targets' distances from their means
CONTROL = (5.0, 10.0)  # distance of one target from its mean
LEAD = (1.5, 3.0)  # distance of its fast mean from its mean, which tells slow movement from noise
MAX_DISTANCE = 30.0  # a control that jumps counts no more than this for the whole face


class StillnessFilter:
    """Keeps a still face still and passes the targets of a moving one unchanged, without delay.

    A dead band: the output moves no further than to keep every target within the band around it,

        output = clip(last output, target - band, target + band)
        band = BAND * jitter * (1 - open)

    `open` is 0 for a control at rest, 1 while it or the whole face moves, and returns to 0 slowly:
    so output and target meet before the face is held still. Tracker noise shakes every control
    independently around its mean; a face that moves takes many controls away from their means, or
    one of them far or for some time.

    The output depends continuously on targets and stamps. `open` comes from the targets alone,
    not from the output, by averages and ramps; and two outputs differ by no more than their bands
    have differed. With stamps that are wrong by e, an average of a target whose speed is up to v
    is wrong by 2 e v, hence `open` by 4 e v / (jitter * ramp's width), and the output by 16 e v:
    noise of 1 ms in the stamps counts less than a tick of 1/60 s.

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

    def reset(self) -> None:
        """Starts anew with the next target."""
        self._stamp_s: float | None = None
        zero: Array = np.zeros_like(self._jitter)
        self._mean = self._fast_mean = self._open = self._output = zero

    def step(self, target: Array, stamp_s: float) -> Array:
        """The filtered target (N,); a target older than the last one starts the filter anew."""
        if self._is_off or self._stamp_s is None or stamp_s < self._stamp_s:
            self.reset()
            self._mean = self._fast_mean = self._output = target.copy()
        else:
            self._open = np.maximum(self._movement(target, stamp_s - self._stamp_s),
                                    self._open * math.exp((self._stamp_s - stamp_s) / CLOSING_S))
            band = BAND * self._jitter * (1.0 - self._open)
            self._output = np.minimum(np.maximum(self._output, target - band), target + band)
        self._stamp_s = stamp_s
        return self._output

    def _movement(self, target: Array, dt_s: float) -> Array:
        """(N,) 0 for a control at rest to 1 for one that moves, by itself or with the face."""
        distance = np.absolute(target - self._mean) * self._per_jitter
        self._mean = self._mean + _passed(dt_s, MEAN_S) * (target - self._mean)
        self._fast_mean = self._fast_mean + _passed(dt_s, FAST_MEAN_S) * (target - self._fast_mean)
        lead = np.absolute(self._fast_mean - self._mean) * self._per_jitter
        control = np.maximum(_ramp(distance, *CONTROL), _ramp(lead, *LEAD))
        np.minimum(distance, MAX_DISTANCE, out=distance)
        face = math.sqrt(distance.dot(distance) / len(distance))
        result: Array = np.maximum(control, _ramp(face, *FACE))
        return result


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


def _ramp(value: Any, low: float, high: float) -> Any:
    """0 below `low`, 1 above `high`, linear between."""
    return np.minimum(np.maximum((value - low) / (high - low), 0.0), 1.0)
