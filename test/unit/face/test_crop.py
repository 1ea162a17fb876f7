"""Squares around faces: geometry, paste-back, steadiness."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.face.crop import Box, Crop, limit_size, soft_square
from ros_animate.face.face_mesh import canonical_mesh
from ros_animate.face.framing import (
    PORTRAIT_DRIVING,
    PORTRAIT_SOURCE,
    TIGHT,
    SteadyCrop,
    common_box,
    enclosing_box,
)
from ros_animate.types import Array

angles = st.floats(-3, 3)
positions = st.floats(-200, 1200)
sizes = st.floats(4, 800)


def face(size: float = 10.0, turn_rad: float = 0.0, at: tuple[float, float] = (300, 200)) -> Array:
    """(478, 3) landmarks of the canonical face in an image, `size` pixels a centimetre."""
    vertices = canonical_mesh().vertices * (1, -1, -1) * size
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    turned = vertices[:, :2] @ np.array([(cos, sin), (-sin, cos)])
    landmarks = np.zeros((478, 3))
    landmarks[:468] = np.column_stack([turned + at, vertices[:, 2]])
    return landmarks


@given(angles, positions, positions, sizes, st.integers(16, 512))
def test_corners_of_the_box_are_corners_of_the_square(angle: float, x: float, y: float,
                                                      size: float, pixels: int) -> None:
    box = Box(np.array([x, y]), size, angle)
    seen = Crop.of(box, pixels).points(box.corners())
    expected = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * pixels
    np.testing.assert_allclose(seen, expected, atol=1e-6 * pixels)


@pytest.mark.parametrize('framing', [PORTRAIT_SOURCE, PORTRAIT_DRIVING, TIGHT])
@given(turn_rad=angles, size=st.floats(2, 60), x=positions, y=positions)
@settings(max_examples=30)
def test_a_face_fills_its_square_alike_wherever_it_is(framing, turn_rad: float, size: float,
                                                      x: float, y: float) -> None:
    plain = Crop.of(framing.box(face()), 256).points(face()[:468, :2])
    landmarks = face(size, turn_rad, (x, y))
    seen = Crop.of(framing.box(landmarks), 256).points(landmarks[:468, :2])
    np.testing.assert_allclose(seen, plain, atol=1e-3)
    assert (seen > 0).all()
    assert (seen < 256).all()


def test_landmarks_in_one_point_still_give_a_box() -> None:
    point = np.full((5, 2), 7.0)
    box = enclosing_box(point, point[0], point[0], scale=2.0)
    assert box.angle_rad == 0
    crop = Crop.of(box, 16)
    assert np.isfinite(crop.matrix).all()
    assert crop.take(np.zeros((9, 9, 3), np.uint8)).shape == (16, 16, 3)


@pytest.mark.parametrize('shape', [(1, 1), (1, 50), (31, 64), (64, 31), (300, 300)])
def test_the_middle_of_a_image(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (*shape, 3), dtype=np.uint8)
    side = min(shape)
    top, left = ((n - side) // 2 for n in shape)
    np.testing.assert_array_equal(Crop.middle(image, side).take(image),
                                  image[top:top + side, left:left + side])


def test_a_large_picture_is_averaged_not_sampled() -> None:
    """A fine checkerboard becomes grey, not a pattern."""
    board = (np.indices((1024, 1024)).sum(0) % 2 * 255).astype(np.uint8)
    small = Crop.middle(board, 64).take(np.repeat(board[..., None], 3, axis=2))
    assert np.abs(small.astype(int) - 127).max() <= 2


@given(angles, st.floats(60, 140), st.floats(60, 140), st.floats(30, 90))
@settings(max_examples=30)
def test_pasting_back_what_was_taken_changes_little(angle: float, x: float, y: float,
                                                    size: float) -> None:
    v, u = np.indices((200, 200)) / 200
    image = (255 * np.stack([u, v, (u + v) / 2], axis=2)).astype(np.uint8)
    crop = Crop.of(Box(np.array([x, y]), size, angle), 128)
    pasted = crop.paste(image, crop.take(image))
    assert np.abs(pasted.astype(int) - image).mean() <= 1
    assert np.abs(pasted.astype(int) - image).max() <= 8


def test_pasting_touches_only_the_square() -> None:
    image = np.zeros((100, 120, 3), np.uint8)
    crop = Crop.of(Box(np.array([60.0, 50.0]), 40.0), 64)
    pasted = crop.paste(image, np.full((128, 128, 3), 255, np.uint8))
    assert pasted[50, 60].tolist() == [255] * 3
    outside = np.ones((100, 120), bool)
    outside[29:72, 39:82] = False
    assert not pasted[outside].any()


@pytest.mark.parametrize('size', [16, 256, 512])
def test_the_soft_edge(size: int) -> None:
    mask = soft_square(size)
    assert mask[size // 2, size // 2] == 255
    assert mask[0].max() == 0
    assert (np.diff(mask[size // 2, :size // 2].astype(int)) >= 0).all()


@given(st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=30, deadline=None)
def test_limited_pictures_suit_a_video(height: int, width: int) -> None:
    limited = limit_size(np.zeros((height, width, 3), np.uint8), 640)
    assert max(limited.shape) <= 640
    assert all(n == 1 or n % 2 == 0 for n in limited.shape[:2])


def test_a_steady_square_follows_slowly() -> None:
    steady = SteadyCrop(TIGHT, 64, settle_s=2.0)
    first = steady.update(face(), 0.0)
    moved = face(at=(330, 200))
    soon, late = steady.update(moved, 0.1), steady.update(moved, 30.0)
    target = Crop.of(TIGHT.box(moved), 64, upright=False)

    def distance(crop: Crop) -> float:
        return float(np.abs(crop.matrix - target.matrix).max())

    assert 0.9 * distance(first) < distance(soon) < distance(first)
    assert distance(late) < 1e-3 * distance(first)


def test_a_steady_square_jumps_to_another_face() -> None:
    steady = SteadyCrop(TIGHT, 64, settle_s=2.0)
    steady.update(face(), 0.0)
    for other in (face(at=(900, 200)), face(size=30.0, at=(900, 200))):
        seen = steady.update(other, 0.01)
        np.testing.assert_allclose(seen.matrix, Crop.of(TIGHT.box(other), 64, False).matrix)


def test_faces_far_apart_have_no_common_square() -> None:
    near, far = TIGHT.box(face()), TIGHT.box(face(at=(2000, 200)))
    assert common_box([near, near]) is not None
    assert common_box([near, far]) is None
    assert common_box([near, TIGHT.box(face(size=50.0))]) is None


def test_a_fixed_square_stays_until_reset() -> None:
    steady = SteadyCrop(TIGHT, 64, settle_s=2.0)
    boxes = [TIGHT.box(face(at=(x, 200))) for x in (280, 320)]
    middle = common_box(boxes)
    assert middle is not None
    steady.fix(middle)
    fixed = steady.update(face(at=(900, 900)), 0.0)
    np.testing.assert_allclose(fixed.matrix, Crop.of(TIGHT.box(face()), 64, False).matrix)
    np.testing.assert_array_equal(steady.update(face(), 9.0).matrix, fixed.matrix)
    steady.reset()
    fresh = steady.update(face(at=(900, 900)), 0.0)
    assert not np.allclose(fresh.matrix, fixed.matrix)
