"""The state that outlives the process: the last pose and the emergency stop."""
import os

import numpy as np
import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.estop import EmergencyStop
from ros_animate.hardware.last_pose import LastPose
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('servo_head')
POSE = 0.25 * SPEC.low + 0.75 * SPEC.high


def test_a_pose_is_kept(tmp_path):
    path = tmp_path / 'state' / 'robot.pose'
    first = LastPose(path, SPEC)
    assert first.position is None
    first.keep(POSE)
    np.testing.assert_array_equal(LastPose(path, SPEC).position, POSE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize('content', [
    b'', b'short', np.append(POSE, 1.0).tobytes(), np.full(POSE.shape, np.nan).tobytes(),
    np.full(POSE.shape, 1e300).tobytes(), np.full(POSE.shape, -np.inf).tobytes(),
    (SPEC.high + 0.1 * (SPEC.high - SPEC.low)).tobytes()])
def test_what_is_not_a_pose_of_this_robot_is_forgotten(tmp_path, content):
    path = tmp_path / 'robot.pose'
    path.write_bytes(content)
    pose = LastPose(path, SPEC)
    assert pose.position is None
    pose.keep(POSE)
    np.testing.assert_array_equal(LastPose(path, SPEC).position, POSE)


def test_the_ends_of_the_ranges_are_poses(tmp_path):
    for pose in (SPEC.low, SPEC.high, np.nextafter(SPEC.high, np.inf)):
        LastPose(tmp_path / 'robot.pose', SPEC).keep(pose)
        np.testing.assert_array_equal(LastPose(tmp_path / 'robot.pose', SPEC).position, pose)


@pytest.mark.parametrize('kind', ['link', 'link to nothing', 'second name', 'pipe', 'folder'])
def test_a_pose_is_not_written_through_what_others_placed(tmp_path, kind):
    path, victim = tmp_path / 'robot.pose', tmp_path / 'victim'
    if kind != 'link to nothing':
        victim.write_bytes(b'precious')
    if kind == 'second name':
        os.link(victim, path)
    elif kind == 'pipe':
        os.mkfifo(path)
    elif kind == 'folder':
        path.mkdir()
    else:
        path.symlink_to(victim)
    with pytest.raises(ConfigurationError, match=r'robot\.pose'):
        LastPose(path, SPEC)
    assert kind == 'link to nothing' or victim.read_bytes() == b'precious'
    assert kind != 'link to nothing' or not victim.exists()


@pytest.mark.parametrize('target', ['victim', 'nowhere'])
def test_an_emergency_stop_that_is_a_link_is_in_force_and_only_the_link_is_removed(
        tmp_path, target):
    (tmp_path / 'victim').write_text('precious')
    path = tmp_path / 'robot.estop'
    path.symlink_to(tmp_path / target)
    estop = EmergencyStop(str(path))
    assert estop.latched
    estop.latch()
    assert not (tmp_path / 'nowhere').exists()
    estop.release()
    assert not os.path.lexists(path) and (tmp_path / 'victim').read_text() == 'precious'
    estop.latch()
    assert EmergencyStop(str(path)).latched and path.stat().st_mode & 0o777 == 0o600
