"""Cuts between the scenes of a video."""
from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from ros_animate.types import Array, Image

# Differences of two frames: mean distance in CIELAB of 32 x 32 pixels, black to white is 1. People
# who move make up to 0.03, and rise slowly; two people before one wall differ by 0.026.
_LEAST, _CERTAIN = 0.02, 0.08
_TIMES, _FLOOR = 4.0, 0.004  # the latest differences, by which a cut exceeds them
_LATEST, _ENOUGH = 5, 2


class CutDetector:
    """Tells frames that begin a new scene."""

    def __init__(self) -> None:
        self._small: Array | None = None
        self._latest: deque[float] = deque(maxlen=_LATEST)

    def is_cut(self, image: Image) -> bool:
        """True if the next frame (H, W, 3) has nothing to do with the one before."""
        small = cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        before, self._small = self._small, np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), float)
        if before is None:
            return False
        difference = float(np.abs(self._small - before).mean()) / 100
        usual = max([_FLOOR, *self._latest])
        known = len(self._latest) >= _ENOUGH
        is_cut = difference > _TIMES * usual and difference > (_LEAST if known else _CERTAIN)
        if is_cut:
            self._latest.clear()
        else:
            self._latest.append(difference)
        return is_cut
