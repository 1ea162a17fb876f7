"""What Fréchet distances and AED are taken between by default."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.evaluation.animation.features import image_statistics, video_statistics
from ros_animate.evaluation.animation.frechet import frechet_distance
from ros_animate.evaluation.animation.identity import FaceTexture
from ros_animate.evaluation.animation.user_metric import find_metric
from ros_animate.evaluation.fidelity import Track
from ros_animate.face.face_mesh import canonical_mesh

FLOOR = np.log(2e-3)


def stripes(period: int, low: int, high: int) -> np.ndarray:
    """(1, 64, 64, 3): upright stripes, as a cosine of that period in pixels."""
    wave = np.cos(2 * np.pi * np.arange(64) / period)
    grey = low + (high - low) * (wave + 1) / 2
    return np.broadcast_to(grey[:, None], (1, 64, 64, 3)).round().astype(np.uint8)


def test_a_flat_image_has_its_colour_alone() -> None:
    red = np.zeros((1, 80, 80, 3), np.uint8)
    red[..., 0] = 255
    row, = image_statistics(red)
    np.testing.assert_allclose(row[:36], FLOOR)
    np.testing.assert_allclose(row[36:39], [.5324, .8009, .6720], atol=1e-3)  # Lab of sRGB's red
    np.testing.assert_allclose(row[39:], 0, atol=1e-4)


def test_contrast_by_scale_and_direction() -> None:
    """Of a cosine a/2 cos(2 pi x / p): rms of the central difference is a/2 sin(2 pi / p) / 2^½."""
    row, = image_statistics(stripes(16, 50, 200))
    fine = row[:12].reshape(3, 4)  # directions, cells
    rms = (150 / 255) / 2 * np.sin(2 * np.pi / 16) / np.sqrt(2)
    for direction, factor in zip(fine, (1.0, 0.5, 0.5), strict=True):  # |cos| of 0, 60, 120 degrees
        np.testing.assert_allclose(np.exp(direction) - 2e-3, factor * rms, rtol=0.06)
    softer, = image_statistics(stripes(16, 88, 163))  # half the contrast
    np.testing.assert_allclose((row - softer)[:36], np.log(2), atol=0.08)


def test_blur_and_stillness_are_far() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (20, 8, 8, 3), dtype=np.uint8)
    clip = np.stack([cv2.resize(frame, (64, 64)) for frame in noise])
    other = np.stack([cv2.resize(frame, (64, 64)) for frame in
                      rng.integers(0, 255, (20, 8, 8, 3), dtype=np.uint8)])
    blurred = np.stack([cv2.GaussianBlur(frame, (0, 0), 4) for frame in other])
    similar, different = (frechet_distance(image_statistics(made), image_statistics(clip))
                    for made in (other, blurred))
    assert different > 3 * similar
    moving, still = video_statistics(clip), video_statistics(np.repeat(clip[:1], 20, 0))
    assert moving.shape == (2, 24) and still.shape == (2, 24)
    np.testing.assert_allclose(still, np.r_[np.full(12, FLOOR), np.zeros(12)][None].repeat(2, 0),
                               atol=1e-12)
    assert (moving[:, :12] > FLOOR + 2).all()
    assert video_statistics(clip[:15]).shape == (0, 24)


def face_at(landmarks: np.ndarray) -> Track:
    count = len(landmarks)
    return Track((), np.empty((count, 0)), np.zeros((count, 3)), landmarks)


def test_the_face_texture_is_the_colour_difference_of_the_face() -> None:
    """Two flat skins are as far apart as their colours (delta E 1976), whatever is around them."""
    points = canonical_mesh().vertices[:, :2] * (4, -4) + 64
    landmarks = np.zeros((1, 478, 3))
    landmarks[0, :468, :2] = points
    images = []
    for skin, room in (((180, 130, 110), 255), ((150, 110, 100), 0)):
        image = np.full((1, 128, 128, 3), room, np.uint8)
        low, high = points.min(0).astype(int) - 4, points.max(0).astype(int) + 5
        image[0, low[1]:high[1], low[0]:high[0]] = skin
        images.append(image)
    first, second = (FaceTexture()(image, face_at(landmarks)) for image in images)
    # Lab of the two colours by the formulas of CIE 1976 for sRGB under D65.
    lab = np.array([(58.785, 16.641, 18.445), (50.165, 14.437, 11.807)])
    assert np.linalg.norm(first - second) == pytest.approx(np.linalg.norm(lab[0] - lab[1]), rel=.02)
    none = FaceTexture()(images[0], face_at(np.full((1, 478, 3), np.nan)))
    assert none.shape == first.shape and np.isnan(none).all()


def test_measures_of_ones_own() -> None:
    assert find_metric('known', {'known': len}, '--features') is len
    assert find_metric('builtins:sum', {}, '--features') is sum
    built = find_metric('ros_animate.evaluation.animation.identity:FaceTexture', {}, '--identity')
    assert isinstance(built, FaceTexture)
    for name, said in (('knwon', "did you mean 'known'"), ('nowhere:Thing', 'cannot import'),
                       ('math:nothing', 'cannot import'), ('math:pi', 'cannot be called')):
        with pytest.raises(ConfigurationError, match=said):
            find_metric(name, {'known': len}, '--features')
