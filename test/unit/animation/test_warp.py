"""Smooth warps, and the slits that are cut into them."""
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ros_animate.animation.mesh_warp.control_points import edge_points
from ros_animate.animation.mesh_warp.opening import Opening
from ros_animate.animation.mesh_warp.portrait import Portrait
from ros_animate.animation.mesh_warp.warp import (
    Region,
    ThinPlateSpline,
    invert_displacement,
    upsample,
)

SIZE = (120, 100)
BOX = Region(0, 0, *SIZE)


@pytest.fixture(scope='module')
def points():
    return np.random.default_rng(3).uniform((25, 20), (95, 80), (30, 2))


@pytest.fixture(scope='module')
def field(points):
    return ThinPlateSpline(BOX, 40, 48, points, edge_points(SIZE), np.full(len(points), 1e-6))


def at(grid, place):
    """Value of a (rows, columns, 2) grid over BOX at a pixel, nearest cell."""
    row = int((place[1] + 0.5) * grid.shape[0] / SIZE[1])
    return grid[row, int((place[0] + 0.5) * grid.shape[1] / SIZE[0])]


def test_nothing_moves_where_no_point_moves(field, points):
    assert np.abs(field.displacement(np.zeros_like(points))).max() == 0


def test_points_take_the_picture_along_and_the_edge_stays(field, points):
    moved = np.stack([0.05 * (points[:, 0] - 60), 0.04 * (points[:, 1] - 50)], axis=1)
    displacement = field.displacement(moved)
    errors = [np.abs(at(displacement, p) - d).max() for p, d in zip(points, moved, strict=True)]
    assert max(errors) < 0.3
    border = np.concatenate([displacement[0], displacement[-1],
                             displacement[:, 0], displacement[:, -1]])
    assert np.abs(border).max() < 0.35 * np.abs(moved).max()


def test_displacement_is_linear(field, points):
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, *points.shape))
    together = field.displacement(2.0 * a - b)
    assert np.allclose(together, 2.0 * field.displacement(a) - field.displacement(b), atol=1e-3)


@given(turn=st.floats(-0.35, 0.35), shift=st.tuples(st.floats(-8, 8), st.floats(-8, 8)),
       scale=st.floats(0.75, 1.3))
@settings(max_examples=30, deadline=None)
def test_inverse_of_a_similarity_is_exact(turn, shift, scale):
    nodes = BOX.grid(40, 48).astype(float)
    centre = np.array([60.0, 50.0])
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    displacement = ((nodes - centre) @ matrix.T + centre + shift - nodes).astype(np.float32)
    inner = nodes[12:28, 14:34]
    found = inner - invert_displacement(displacement, BOX, inner.astype(np.float32), rounds=30)
    expected = (inner - centre - shift) @ np.linalg.inv(matrix).T + centre
    assert np.abs(found - expected).max() < 0.1


def test_enlarging_keeps_places():
    ramp = BOX.grid(25, 30)
    full = upsample(ramp, SIZE)
    assert full.shape == (SIZE[1], SIZE[0], 2)
    assert np.abs(full - BOX.grid(SIZE[1], SIZE[0]))[8:-8, 8:-8].max() < 0.2


@given(points=st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=1,
                       max_size=8), margin=st.floats(0, 1e4))
def test_box_is_never_empty_and_inside(points, margin):
    box = Region.around(np.array(points), margin, SIZE)
    rows, columns = box.slices()
    assert 0 <= rows.start < rows.stop <= SIZE[1]
    assert 0 <= columns.start < columns.stop <= SIZE[0]
    assert np.zeros((SIZE[1], SIZE[0]))[box.slices()].shape == (int(box.height), int(box.width))


def opening(gap=8.0, turn=0.0):
    x = np.linspace(-20, 20, 9)
    arch = gap * (1 - (x / 20) ** 2)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    upper, lower = (np.stack([x, side * arch], axis=1) @ matrix.T + (60, 50) for side in (-1, 1))
    return Opening.of(upper, lower)


@pytest.mark.parametrize('turn', [0.0, 0.5, -2.0, np.pi])
def test_opening_covers_what_lies_between_its_edges(turn):
    slit = opening(8.0, turn)
    assert slit.gap == pytest.approx(16.0, abs=0.2)
    along, height = slit.to_local(BOX.grid(SIZE[1], SIZE[0]))
    covered = slit.coverage(along, height, slit.edges(along))
    # Area between two parabolas over 40 pixels: 2 * 2/3 * 40 * 8.
    assert covered.sum() == pytest.approx(2 * 2 / 3 * 40 * 8, rel=0.05)
    assert covered[50, 60] == 1
    assert covered[0].max() < 1e-6


def test_closed_opening_covers_nothing():
    for gap in (0.0, -3.0):
        slit = opening(gap)
        along, height = slit.to_local(BOX.grid(SIZE[1], SIZE[0]))
        assert slit.coverage(along, height, slit.edges(along)).max() == 0
        assert slit.gap == 0


@given(seed=st.integers(0, 2**32 - 1), reach=st.sampled_from([0.0, 1e-6, 1.0, 1e5]))
@settings(deadline=None)
def test_opening_of_any_points_is_finite(seed, reach):
    upper, lower = reach * np.random.default_rng(seed).normal(size=(2, 11, 2))
    slit = Opening.of(upper, lower)
    along, height = slit.to_local(BOX.grid(10, 12))
    covered = slit.coverage(along, height, slit.edges(along))
    assert np.isfinite(covered).all()
    assert covered.min() >= 0
    assert covered.max() <= 1


def test_pixels_and_local_are_inverse():
    slit = opening(8.0, 0.4)
    pixels = BOX.grid(7, 9)
    assert np.allclose(slit.to_pixels(*slit.to_local(pixels)), pixels, atol=1e-2)


@pytest.mark.parametrize('shape', [(300, 400), (400, 300), (90, 260), (1200, 900)])
@pytest.mark.parametrize('margin', [0.0, 1.5, 9.0])
def test_landmarks_stay_on_their_pixels(shape, margin):
    """A marked image: the cut-out shows each landmark where it says it is."""
    rng = np.random.default_rng(5)
    low, high = np.array(shape[::-1]) * 0.3, np.array(shape[::-1]) * 0.7
    landmarks = np.column_stack([rng.uniform(low, high, (478, 2)), rng.normal(size=478)])
    rows, columns = np.mgrid[:shape[0], :shape[1]]
    image = np.stack([columns * 255.0 / shape[1], rows * 255.0 / shape[0],
                      np.zeros(shape)], axis=-1).round().astype(np.uint8)
    portrait = Portrait.cut(image, landmarks, 128, margin)
    assert portrait.image.shape == (128, 128, 3)
    assert portrait.landmarks[:, :2].min() > 0
    assert portrait.landmarks[:, :2].max() < 127
    expected = (landmarks[:, :2] - 0.5) * 255.0 / np.array(shape[::-1])
    found = cv2.remap(portrait.image, portrait.landmarks[None, :, :2].astype(np.float32), None,
                      cv2.INTER_LINEAR)[0, :, :2]
    assert np.abs(found - expected).max() < 2.0
    assert np.abs((found - expected).mean(axis=0)).max() < 0.3
