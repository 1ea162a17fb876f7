"""Images with a face in them: the virtual one always, real ones where they are at hand."""
import itertools
import pathlib

import cv2
import numpy as np
import pytest

from ros_animate.camera.sources.demo import scene_muscles
from ros_animate.face.virtual import HUMAN, Camera, VirtualFace

MEDIA = pathlib.Path(__file__).resolve().parents[3] / 'shared' / 'media'


@pytest.fixture(scope='session', params=['virtual', 'real'])
def portrait(request):
    """(720, 720, 3) RGB, one face."""
    if request.param == 'virtual':
        return VirtualFace(HUMAN, Camera((720, 720), 36.0)).render({})
    path = MEDIA / 's9.jpg'
    if not path.exists():
        pytest.skip('no real portraits beside the project (shared/media)')
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(image[:720, :720])


@pytest.fixture(scope='session', params=['virtual', 'real'])
def clip(request):
    """40 frames of a moving face, RGB."""
    if request.param == 'virtual':
        face = VirtualFace(HUMAN, Camera((320, 320), 30.0))
        return [face.render(scene_muscles(3.0 + k / 30)) for k in range(40)]
    path = MEDIA / 'd20.mp4'
    if not path.exists():
        pytest.skip('no real clips beside the project (shared/media)')
    capture = cv2.VideoCapture(str(path))
    frames = (capture.read()[1] for _ in itertools.count())
    return [cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) for frame in itertools.islice(frames, 40)]
