"""The face that a person usually makes, from which an expression differs."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ros_animate.face.blendshapes import BLENDSHAPES

# A blendshape of the usual face follows the median by this much in a minute, and no further than
# this from where it began.
_PER_S, _LIMIT = 0.25 / 60, 0.3
_LONGEST_S = 0.1


class UsualFace:
    """Running median of a person's blendshapes.

    Args:
        relaxed: Blendshapes at the start; those not named are 0.
    """

    def __init__(self, relaxed: Mapping[str, float]) -> None:
        self._start = np.array([relaxed.get(name, 0.0) for name in BLENDSHAPES])
        self._usual = self._start.copy()
        self._stamp_s: float | None = None

    def deviation(self, expression: Mapping[str, float], stamp_s: float) -> dict[str, float]:
        """Differences of a face from the usual one, which then follows it a little."""
        face = np.array([expression.get(name, 0.0) for name in BLENDSHAPES])
        result = dict(zip(BLENDSHAPES, face - self._usual, strict=True))
        dt_s = 0.0 if self._stamp_s is None else stamp_s - self._stamp_s
        self._stamp_s = stamp_s
        step = np.sign(face - self._usual) * _PER_S * min(max(dt_s, 0.0), _LONGEST_S)
        self._usual = np.clip(self._usual + step, self._start - _LIMIT, self._start + _LIMIT)
        return result
