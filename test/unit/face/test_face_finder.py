"""Faces in still images, large, small and none."""
import cv2
import numpy as np
import pytest

from ros_animate.face.finder import find_face
from ros_animate.face.virtual import HUMAN, Camera, VirtualFace


@pytest.fixture(scope='module')
def face():
    return VirtualFace(HUMAN, Camera((300, 300), 30.0)).render({})


@pytest.fixture(scope='module')
def nose(face):
    """Tip of the nose in the image of the face."""
    return find_face(face)[1, :2]


@pytest.mark.parametrize(('shape', 'side', 'at'), [
    ((300, 300), 300, (0, 0)),
    ((64, 64), 64, (0, 0)),
    ((900, 1600), 120, (700, 1300)),   # far away
    ((1000, 110), 110, (600, 0)),      # narrow
    ((2160, 3840), 2160, (0, 900)),
])
def test_a_face_is_found_where_it_is(face, nose, shape, side, at):
    image = np.full((*shape, 3), 140, np.uint8)
    image[at[0]:at[0] + side, at[1]:at[1] + side] = cv2.resize(face, (side, side),
                                                               interpolation=cv2.INTER_AREA)
    found = find_face(image)
    assert found is not None
    expected = nose * side / 300 + (at[1], at[0])
    assert np.abs(found[1, :2] - expected).max() < 0.03 * side


@pytest.mark.parametrize('shape', [(1, 1), (3, 700), (200, 260)])
def test_where_there_is_no_face_none_is_found(shape):
    assert find_face(np.random.default_rng(2).integers(0, 255, (*shape, 3), np.uint8)) is None
