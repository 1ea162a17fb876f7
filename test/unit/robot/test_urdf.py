"""URDF of a robot: read and posed by another program, it agrees with the virtual face."""
import dataclasses
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from ros_animate.cli import main
from ros_animate.face.virtual import body
from ros_animate.face.virtual.muscle_handles import JAW_HINGE_CM
from ros_animate.face.virtual.muscles import EYE_RANGE_DEG, Pose, complete_state
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.urdf import BASE, EYES, FACE, Urdf, rep103
from ros_animate.robot.urdf_meshes import write_description

ROBOTS = ['ameca', 'servo_head']
# (3, 3) axes of the face in REP-103.
TO_ROS = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])


@pytest.fixture(scope='module', params=ROBOTS)
def robot(request, tmp_path_factory):
    """(specification, model that yourdfpy has read)."""
    yourdfpy = pytest.importorskip('yourdfpy')
    spec = load_spec(request.param)
    path, bent = write_description(spec, tmp_path_factory.mktemp(request.param))
    assert not bent
    model = yourdfpy.URDF.load(str(path))
    assert model.validate(), model.errors
    return spec, model


def pose_of(spec, position):
    return Pose.of(complete_state(FaceMap(spec).muscles(position)))


def in_ros(rotation):
    return TO_ROS @ rotation @ TO_ROS.T


def random_poses(spec, count=25):
    """(count, N) positions at which the eyeballs are not at the end of their range."""
    rng = np.random.default_rng(1)
    for _ in range(count):
        position = rng.uniform(spec.low, spec.high)
        muscles = FaceMap(spec).muscles(position)
        if (abs(muscles['gaze_azimuth']) <= EYE_RANGE_DEG[0]
                and abs(muscles['gaze_elevation']) <= EYE_RANGE_DEG[1]):
            yield position


def test_angles_and_places_equal_the_virtual_faces(robot):
    spec, model = robot
    shape = np.asarray(FaceMap(spec).appearance.shape)
    poses = list(random_poses(spec))
    assert len(poses) > 3
    for position in poses:
        model.update_cfg(dict(zip(spec.joints, position * spec.si, strict=True)))
        pose = pose_of(spec, position)
        head, face = model.get_transform(FACE, BASE), rep103(pose.head_at - body.NECK_BASE_CM)
        assert head[:3, :3] == pytest.approx(in_ros(pose.head), abs=1e-8)
        assert head[:3, 3] == pytest.approx(face, abs=1e-8)
        for eye in EYES:
            turn = model.get_transform(eye, BASE)[:3, :3]
            assert turn == pytest.approx(in_ros(pose.eyes), abs=1e-8)
        jaw = model.get_transform('jaw', FACE)
        assert jaw[:3, :3] == pytest.approx(in_ros(pose.jaw), abs=1e-8)
        assert jaw[:3, 3] == pytest.approx(rep103(JAW_HINGE_CM * shape + pose.jaw_shift), abs=1e-8)


def test_the_left_eye_is_left_and_the_face_looks_forward(robot):
    spec, model = robot
    model.update_cfg(dict(zip(spec.joints, spec.neutral * spec.si, strict=True)))
    left, right = (model.get_transform(eye, FACE)[:3, 3] for eye in EYES)
    assert left[1] > 0.02 and right[1] < -0.02 and left[0] > 0
    low, high = model.scene.bounds
    assert 0.2 < high[2] - low[2] < 0.6 and high[0] > 0.09  # the tip of the nose is in front


def test_every_control_is_a_joint_with_its_limits(robot):
    spec, model = robot
    for control, si in zip(spec.controls, spec.si, strict=True):
        joint = model.joint_map[control.joint]
        assert joint.type == 'revolute' and joint.mimic is None
        assert (joint.limit.lower, joint.limit.upper) == pytest.approx(
            (control.low * si, control.high * si))
        assert joint.limit.velocity == pytest.approx(control.max_velocity * si)
    assert sorted(model.actuated_joint_names) == sorted(spec.joints)


def test_a_bent_map_is_told_and_right_at_neutral():
    spec = load_spec('servo_head')
    face = {**spec.face, 'controls': {**spec.face['controls'], 'Jaw': {'jaw_open': [0, 0.2, 0.8]},
                                      'Head Pan': {'head_yaw': [-60, 0, 20]}}}
    urdf = Urdf(dataclasses.replace(spec, face=face), 'meshes')
    assert urdf.bent == ['Head Pan']  # the jaw's neutral is the end of its range
    mimic = ET.fromstring(urdf.text).find(".//joint[@name='head_head_yaw_head_pan']/mimic")
    assert float(mimic.get('offset')) == 0 and float(mimic.get('multiplier')) == pytest.approx(2/3)


def test_two_controls_of_one_axis_add_up():
    spec = load_spec('servo_head')
    face = {**spec.face, 'controls': {'Head Pan': {'head_yaw': [-60, 0, 60]},
                                      'Eye Pan': {'head_yaw': [-15, 0, 15]}}}
    root = ET.fromstring(Urdf(dataclasses.replace(spec, face=face), 'meshes').text)
    chain = [root.find(f".//joint[@name='{name}']") for name in (
        'head_pan', 'head_head_yaw_eye_pan')]
    assert chain[1].find('parent').get('link') == chain[0].find('child').get('link')
    assert float(chain[1].find('mimic').get('multiplier')) == pytest.approx(0.5)


def test_names_of_links_and_joints_are_unique():
    for name in ROBOTS:
        root = ET.fromstring(Urdf(load_spec(name), 'meshes').text)
        for kind in ('link', 'joint'):
            names = [element.get('name') for element in root.findall(kind)]
            assert len(set(names)) == len(names)
        assert len(root.findall('link')) == len(root.findall('joint')) + 1  # a tree


def test_the_verb_writes_all_files(tmp_path, capsys):
    folder = tmp_path / 'description'
    assert main(['robots', 'urdf', 'servo_head', '--output', str(folder),
                 '--meshes', 'package://my_head/meshes/']) == 0
    text = (folder / 'servo_head.urdf').read_text()
    assert 'package://my_head/meshes/head.obj' in text and '11 controls' in capsys.readouterr().out
    assert {path.name for path in (folder / 'meshes').iterdir()} == {
        'head.obj', 'jaw.obj', 'eye.obj', 'neck.obj', 'torso.obj', 'materials.mtl', 'texture.png'}
    for mesh in (folder / 'meshes').glob('*.obj'):
        lines = mesh.read_text().split('\n')
        vertices = sum(line.startswith('v ') for line in lines)
        faces = [line for line in lines if line.startswith('f ')]
        assert vertices > 50 and max(int(n.split('/')[0]) for f in faces
                                     for n in f.split()[1:]) == vertices
    assert main(['robots', 'urdf', 'no_such', '--output', str(folder)]) == 2
