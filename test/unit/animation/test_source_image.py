"""The portrait that is animated, from a file or from the robot."""
import cv2
import numpy as np
import pytest

from ros_animate.animation.base import SourceImageError
from ros_animate.animation.source_image import source_image
from ros_animate.robot.descriptions import load_spec


@pytest.fixture(scope='module')
def spec():
    return load_spec('ameca')


def test_without_a_file_it_is_the_robots_own_face(spec):
    image = source_image('', spec)
    assert image.shape == (512, 512, 3) and image.std() > 20


@pytest.mark.parametrize('content', [
    np.full((20, 30, 3), (10, 20, 30), np.uint8), np.full((20, 30), 20, np.uint8),
    np.full((20, 30, 4), (10, 20, 30, 0), np.uint8), np.full((20, 30), 5140, np.uint16)])
def test_a_file_becomes_rgb(spec, tmp_path, content):
    cv2.imwrite(str(tmp_path / 'p.png'), content)
    image = source_image(str(tmp_path / 'p.png'), spec)
    assert image.shape == (20, 30, 3) and image.dtype == np.uint8
    np.testing.assert_array_equal(image[0, 0], (30, 20, 10) if content.ndim == 3 else (20, 20, 20))


def test_a_file_that_is_missing_or_no_picture_is_named(spec, tmp_path):
    (tmp_path / 'text.jpg').write_text('no image')
    for name in ('text.jpg', 'missing.jpg'):
        with pytest.raises(SourceImageError, match=name):
            source_image(str(tmp_path / name), spec)
