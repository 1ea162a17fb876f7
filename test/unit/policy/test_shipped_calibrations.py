"""The calibrations that come with the package: small, with a card, and of the virtual face."""
from __future__ import annotations

import numpy as np
import pytest

from ros_animate import configuration
from ros_animate.calibration.faces import PersonFaces
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.plugins import load
from ros_animate.policy.calibrations import FOLDER, find_calibration
from ros_animate.policy.forward_model import load_forward_model
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.types import Frame

FOLDERS = sorted(configuration.resource('weights', FOLDER).iterdir())
MOST_BYTES = 2e6


@pytest.fixture(autouse=True)
def only_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
    monkeypatch.delenv('ROS_ANIMATE_WEIGHTS', raising=False)


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda folder: folder.name)
def test_small_and_with_a_card(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MOST_BYTES
    card = (folder / 'README.md').read_text()
    for text in ('ros_animate calibrate', 'seed', 'poses', 'machine', 'licence'):
        assert text in card
    spec = load_spec(folder.name)
    assert load_forward_model(folder).config.robot == spec.name
    assert find_calibration(spec) is not None


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda folder: folder.name)
def test_the_model_is_that_of_the_virtual_face(folder):
    spec = load_spec(folder.name)
    model, face_map = find_calibration(spec), FaceMap(spec)
    face = VirtualFace(face_map.appearance, Camera((384, 384), 27.0))
    tracker = load('motion', 'mediapipe', {'stills': True})
    faces, observed, predicted = PersonFaces(spec), [], []
    for k in range(40):
        pose = faces.sample(np.random.default_rng((90210, k)))
        motion = tracker.extract(Frame(face.render(face_map.muscles(pose)), 0.0))
        observed.append([motion.expression[name] for name in BLENDSHAPES])
        predicted.append(model.predict(pose)[:len(BLENDSHAPES)])
    tracker.close()
    error = np.abs(np.array(predicted) - observed).mean()
    still = np.abs(model.predict(spec.neutral)[:len(BLENDSHAPES)] - observed).mean()
    assert error < 0.5 * still
