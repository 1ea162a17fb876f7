"""Filters of wishes, vectorised over the controls of a robot."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

SPEED_CUTOFF_HZ = 1.0
SETTLING_S = 3.0  # of a still face
MOMENT_S, OPEN_S = 0.2, 0.6  # of the average below; how long what has moved stays open
# All in units of the robot's jitter:
STILL_RMS, MOVING_RMS = 1.5, 2.0  # of all controls: below the face is still, above it moves
STILL_OPEN, MOVING_OPEN = 10.0, 0.5  # of one control: from here on a wish passes as it is
SHARPNESS = 3.0  # how sharply noise and movement of one control are told apart
LASTING = 3.5  # of one control, on average over a moment: it has moved
BAND = 5.0  # half width of the play of a still face
MOST = 30.0  # one control that jumps counts no more than this for the whole face


class StillnessFilter:
    """Keeps a still face still and lets a moving one pass unchanged, without delay.

    Tracker noise shakes every control by itself, a face that moves moves many or one of them far.
    So the filter looks at how far all wishes are from the filtered ones, in units of the controls'
    jitter. The nearer their root mean square is to that of noise, the more a control's wish is
    low-passed, unless it is far off by itself or a little off for some frames; and the wider a
    play around the output: it stays while the filtered wish is within it, which takes away what
    slow noise is left.

    Args:
        spec: The robot.
        strength: Factor of the robot's jitter; 0 lets everything pass.
    """

    def __init__(self, spec: RobotSpec, strength: float = 1.0) -> None:
        self._unit = strength * spec.jitter
        self._off = not self._unit.any()
        self._per_unit = np.zeros_like(self._unit) if self._off else 1.0 / self._unit
        self._band, self._lasting = BAND * self._unit, LASTING * self._unit
        self.reset()

    def reset(self) -> None:
        """Forgets what it has seen."""
        self._stamp_s: float | None = None
        self._smooth: Array = np.zeros_like(self._unit)
        self._output: Array = np.zeros_like(self._unit)
        self._mean_change: Array = np.zeros_like(self._unit)
        self._open: Array = np.zeros_like(self._unit)

    def step(self, wish: Array, stamp_s: float) -> Array:
        """The filtered wish (N,); one that is older than the last starts the filter anew."""
        if self._off or self._stamp_s is None or stamp_s < self._stamp_s:
            self.reset()
            self._stamp_s = stamp_s
            self._smooth, self._output = wish.copy(), wish.copy()
            return self._output
        dt_s, self._stamp_s = stamp_s - self._stamp_s, stamp_s
        change = wish - self._smooth
        distance = np.minimum(np.absolute(change) * self._per_unit, MOST)
        moving = _rise(math.sqrt(distance.dot(distance) / len(distance)), STILL_RMS, MOVING_RMS)
        self._mean_change += _share(dt_s, MOMENT_S) * (change - self._mean_change)
        if moving >= 1.0:  # what follows, where everything is open
            self._open[:] = 1.0
            self._smooth = self._smooth + change
            self._output = self._smooth
            return self._output
        distance *= 1.0 / (STILL_OPEN + moving * (MOVING_OPEN - STILL_OPEN))
        share = np.maximum(distance ** SHARPNESS, _share(dt_s, SETTLING_S))
        np.maximum(share, self._openness(moving, dt_s), out=share)
        np.minimum(share, 1.0, out=share)
        self._smooth = self._smooth + share * change
        play = self._band * (1.0 - share)
        self._output = np.minimum(np.maximum(self._output, self._smooth - play),
                                  self._smooth + play)
        return self._output

    def _openness(self, moving: float, dt_s: float) -> Array:
        """(N,) 1 while the face or the control moves, slowly down to 0 after it.

        So wish and output meet before the face is held still. A control has moved also if it has
        been off to the same side for a moment.
        """
        moved = np.maximum(np.absolute(self._mean_change) > self._lasting, moving)
        self._open = np.maximum(moved, self._open * (1.0 - _share(dt_s, OPEN_S)))
        return self._open


class OneEuroFilter:
    """A low-pass that opens with speed.

    Source: Casiez, Roussel, Vogel, "1€ Filter", CHI 2012, equations 1 to 4, with values relative to
    the ranges of the robot.

    Args:
        spec: The robot.
        cutoff_hz: Of the low-pass for wishes that stand still.
        openness: Hertz of cut-off per range per second of speed.
    """

    def __init__(self, spec: RobotSpec, cutoff_hz: float, openness: float) -> None:
        self._range = spec.high - spec.low
        self._cutoff_hz, self._openness = cutoff_hz, openness
        self.reset()

    def reset(self) -> None:
        """Forgets what it has seen."""
        self._stamp_s: float | None = None
        self._output: Array = np.zeros_like(self._range)
        self._speed: Array = np.zeros_like(self._range)

    def step(self, wish: Array, stamp_s: float) -> Array:
        """The filtered wish (N,); one that is not newer than the last starts the filter anew."""
        if self._stamp_s is None or not stamp_s > self._stamp_s:
            self._output, self._speed = wish.copy(), np.zeros_like(wish)
        else:
            dt_s = stamp_s - self._stamp_s
            speed = (wish - self._output) / (dt_s * self._range)
            self._speed = self._speed + _share(dt_s, _time(SPEED_CUTOFF_HZ)) * (speed - self._speed)
            cutoff_hz = self._cutoff_hz + self._openness * np.abs(self._speed)
            self._output = self._output + _share(dt_s, _time(cutoff_hz)) * (wish - self._output)
        self._stamp_s = stamp_s
        return self._output


def _share(dt_s: float, time_s: Any) -> Any:
    """How much of a step a first-order low-pass with a time constant passes in `dt_s`."""
    return 1.0 - np.exp(-dt_s / time_s)


def _time(cutoff_hz: Any) -> Any:
    """Time constant of a first-order low-pass."""
    return 1.0 / (2.0 * np.pi * cutoff_hz)


def _rise(value: float, low: float, high: float) -> float:
    """0 below `low`, 1 above `high`, linear between."""
    return min(max((value - low) / (high - low), 0.0), 1.0)
