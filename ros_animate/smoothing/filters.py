"""Keeping a still face still: filters of wishes, vectorised over the controls of a robot."""
from __future__ import annotations

import numpy as np

from ros_animate.hardware.spec import RobotSpec
from ros_animate.types import Array

SPEED_CUTOFF_HZ = 2.0


class StillnessFilter:
    """A low-pass that opens with speed (One-Euro), behind it a dead band.

    Sources: Casiez, Roussel, Vogel, "1€ Filter", CHI 2012, equations 1 to 4, with values relative
    to the ranges of the robot; the dead band is a play: the output stays while the input is within
    the band around it, and is pulled along by the edge of the band when it leaves.

    Args:
        spec: The robot.
        band: Half width of the play, in ranges.
        cutoff_hz: Of the low-pass for wishes that stand still.
        openness: Hertz of cut-off per range per second of speed.
    """

    def __init__(self, spec: RobotSpec, band: float, cutoff_hz: float, openness: float) -> None:
        self._range = spec.high - spec.low
        self._band, self._cutoff_hz, self._openness = band * self._range, cutoff_hz, openness
        self.reset()

    def reset(self) -> None:
        """Forgets what it has seen."""
        self._stamp_s: float | None = None
        self._smooth: Array = np.zeros_like(self._range)
        self._speed: Array = np.zeros_like(self._range)
        self._output: Array = np.zeros_like(self._range)

    def step(self, wish: Array, stamp_s: float) -> Array:
        """The filtered wish (N,); `stamp_s` does not decrease."""
        if self._stamp_s is None or not stamp_s > self._stamp_s:
            self._stamp_s = stamp_s
            self._smooth, self._output = wish.copy(), wish.copy()
            self._speed[:] = 0.0
            return self._output
        dt_s = stamp_s - self._stamp_s
        self._stamp_s = stamp_s
        speed = (wish - self._smooth) / (dt_s * self._range)
        self._speed += _share(SPEED_CUTOFF_HZ, dt_s) * (speed - self._speed)
        cutoff_hz = self._cutoff_hz + self._openness * np.abs(self._speed)
        self._smooth = self._smooth + _share(cutoff_hz, dt_s) * (wish - self._smooth)
        self._output = np.clip(self._output, self._smooth - self._band, self._smooth + self._band)
        return self._output


def _share(cutoff_hz: Array | float, dt_s: float) -> Array | float:
    """How much of a step a first-order low-pass passes in `dt_s`."""
    return 1.0 - np.exp(-2.0 * np.pi * cutoff_hz * dt_s)


