"""The pose that outlives the process."""
import numpy as np
import pytest

from ros_animate.hardware.last_pose import LastPose


def test_a_pose_is_kept(tmp_path):
    path = tmp_path / 'state' / 'robot.pose'
    first = LastPose(path, 3)
    assert first.position is None
    first.keep(np.array([1.0, -2.0, 0.5]))
    np.testing.assert_array_equal(LastPose(path, 3).position, [1.0, -2.0, 0.5])


@pytest.mark.parametrize('content', [b'', b'short', np.ones(4).tobytes(),
                                     np.array([1.0, np.nan, 2.0]).tobytes()])
def test_what_is_not_this_robots_pose_is_forgotten(tmp_path, content):
    path = tmp_path / 'robot.pose'
    path.write_bytes(content)
    pose = LastPose(path, 3)
    assert pose.position is None
    pose.keep(np.zeros(3))
    np.testing.assert_array_equal(LastPose(path, 3).position, np.zeros(3))
