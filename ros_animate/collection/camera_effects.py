"""Effects of a camera on an image: tilt, colour cast, blur, noise, JPEG quality."""
from __future__ import annotations

import cv2
import numpy as np

from ros_animate.types import Array, Image

# How often each effect is applied.
TILTED, BLURRED, COARSE, NOISY = 0.3, 0.4, 0.2, 0.6
TILT_DEG = 2.0
QUALITY = (55, 96)


def photograph(image: Image, rng: np.random.Generator) -> tuple[Image, Array]:
    """An image as taken by a camera that is slightly tilted and not perfect.

    Args:
        image: (H, W, 3) RGB.
        rng: Random numbers.

    Returns:
        The photograph, and the affine map (2, 3) from pixels of the image to pixels of it.
    """
    turn: Array = np.eye(2, 3)
    if rng.random() < TILTED:
        image, turn = _tilted(image, rng.uniform(-TILT_DEG, TILT_DEG))
    image = _developed(image, rng)
    if rng.random() < BLURRED:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2))
    if rng.random() < COARSE:
        image = _coarse(image, rng.uniform(0.45, 0.9))
    if rng.random() < NOISY:
        noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(1, 7))
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image, turn


def random_quality(rng: np.random.Generator) -> int:
    """A quality of JPEG."""
    return int(rng.integers(*QUALITY))


def _tilted(image: Image, angle_deg: float) -> tuple[Image, Array]:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    tilted = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return tilted, turn


def _developed(image: Image, rng: np.random.Generator) -> Image:
    """Random exposure, contrast and white balance, by a look-up table."""
    level = np.linspace(0, 1, 256)
    gamma, gain, lift = rng.uniform(0.8, 1.25), rng.uniform(0.85, 1.15), rng.uniform(-0.04, 0.04)
    balance = 1 + 0.05 * rng.standard_normal(3)
    curves = gain * balance * level[:, None] ** gamma + lift
    return cv2.LUT(image, np.clip(255 * curves, 0, 255).astype(np.uint8)[:, None])


def _coarse(image: Image, scale: float) -> Image:
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
