"""The weights that come with the package read the virtual robot's face."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from ros_animate import configuration
from ros_animate.collection.rendered import RenderedPairs
from ros_animate.face.virtual import VirtualFace
from ros_animate.plugins import load
from ros_animate.policy.base import Policy
from ros_animate.robot.control_error import compare
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.types import Frame

SPEC = load_spec('mock')
UNSEEN_SEED, FACES, COUNT = 90210, 40, 80
FOLDER = configuration.resource('weights')
# As the card says of other pairs, and a little more, since these are few.
MOST_ERROR = {'bc_z': 0.10, 'x2cnet': 0.09}


@pytest.fixture(params=sorted(MOST_ERROR))
def policy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Policy:
    monkeypatch.setenv('ROS_ANIMATE_WEIGHTS', str(FOLDER))
    return load('policy', request.param, {'own_strength': False}, SPEC)


@pytest.mark.slow
def test_error_on_unseen_faces(policy: Policy) -> None:
    maker = RenderedPairs(SPEC, UNSEEN_SEED, size=224)
    pairs = [pair for face in range(FACES) for pair in maker.make(face, 0, COUNT // FACES)]
    predicted = []
    for pair in pairs:
        image = cv2.imdecode(np.frombuffer(pair.jpeg, np.uint8), cv2.IMREAD_COLOR)
        predicted.append(policy.act(Frame(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), 0.0)).values[0])
    expected = np.stack([pair.values for pair in pairs])
    still = compare(expected, np.tile(SPEC.neutral, (COUNT, 1)), SPEC).mae
    mae = compare(expected, np.stack(predicted), SPEC).mae
    assert mae <= MOST_ERROR[policy.family]
    assert mae < 0.5 * still


@pytest.mark.parametrize(('control', 'values'), [
    ('Jaw Pitch', (1.0, 0.6, 0.2)), ('Head Yaw', (-20.0, 0.0, 20.0)),
    ('Brow Inner Left', (0.3, 0.6, 0.9)), ('Lip Corner Raise Left', (0.2, 0.5, 0.9))])
def test_controls_follow_the_image(policy: Policy, control: str,
                                     values: tuple[float, ...]) -> None:
    face_map, index = FaceMap(SPEC), SPEC.index(control)
    face, predicted = VirtualFace(face_map.appearance), []
    for value in values:
        pose = SPEC.neutral.copy()
        pose[index] = value
        image = face.render(face_map.muscles(pose))
        predicted.append(policy.act(Frame(image, 0.0)).values[0, index])
    assert (np.diff(predicted) * np.diff(values) > 0).all()
    assert 0.5 < (predicted[-1] - predicted[0]) / (values[-1] - values[0]) < 1.5
