"""Pictures with a face in them."""
import pathlib

import cv2
import numpy as np
import pytest

MEDIA = pathlib.Path(__file__).resolve().parents[4] / 'shared' / 'media'


@pytest.fixture(scope='session')
def portrait():
    """(720, 720, 3) RGB, one real face."""
    path = MEDIA / 's9.jpg'
    if not path.exists():
        pytest.skip('no real portraits beside the project (shared/media)')
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(image[:720, :720])


@pytest.fixture(scope='session')
def clip():
    """The first 40 frames of a real clip, RGB."""
    path = MEDIA / 'd20.mp4'
    if not path.exists():
        pytest.skip('no real clips beside the project (shared/media)')
    capture = cv2.VideoCapture(str(path))
    return [cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB) for _ in range(40)]
