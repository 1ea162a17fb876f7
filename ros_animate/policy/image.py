"""The part of a picture that policies see, the same in collecting, training and on the robot."""
from __future__ import annotations

import cv2
import numpy as np

from ros_animate.types import Image


def square(image: Image, size: int, view: float = 1.0) -> Image:
    """(size, size, 3): the part `view` of the middle square of a picture (H, W, 3)."""
    height, width = image.shape[:2]
    side = max(1, round(view * min(height, width)))
    top, left = (height - side) // 2, (width - side) // 2
    middle = image[top:top + side, left:left + side]
    if side == size:
        return middle
    how = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(middle, (size, size), interpolation=how), np.uint8)
