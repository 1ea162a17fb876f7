"""The example of a test over a bag with launch_testing."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')
pytest.importorskip('launch_testing.launch_test', reason='launch_testing is not installed')

import pathlib

from helpers.ros_helpers import Process
from helpers.stepped_bags import moved, stepped, write_bag

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / 'examples' / 'bag_tests' / 'launch_bag.py'
PROGRAM = 'import sys; from launch_testing.launch_test import main; sys.exit(main())'


@pytest.mark.parametrize('gain, status', [(1.0, 0), (0.6, 1)])
def test_the_launch_test_passes_and_fails(environment, tmp_path, gain, status):
    """A bag of a policy with another gain is one that the pipeline does not reproduce."""
    motions = [moved(k) for k in range(20)]
    bag = write_bag(tmp_path / 'bag', motions, stepped(tmp_path, motions, mouth=gain))
    run = Process(['-c', PROGRAM, str(EXAMPLE)], {**environment, 'BAG': str(bag)},
                  tmp_path / 'launch.log')
    assert run.wait() == status, run.output()
    assert 'checks passed' in run.output() or 'FAILED' in run.output()
