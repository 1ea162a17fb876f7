"""The same with launch_testing: BAG=output/bag launch_test examples/bag_tests/launch_bag.py."""
import os
import sys
import unittest

import launch_testing.actions
import launch_testing.asserts
import launch_testing.util
from launch.actions import ExecuteProcess

from launch import LaunchDescription


def generate_test_description():
    """A process that replays the bag and compares, and one that outlives it."""
    comparison = ExecuteProcess(cmd=[
        sys.executable, '-m', 'ros_animate', 'test', os.environ['BAG'], '--lockstep', '--tolerance',
        '0.02', '--quiet'], output='screen')
    return LaunchDescription([comparison, launch_testing.util.KeepAliveProc(),
                              launch_testing.actions.ReadyToTest()]), {'comparison': comparison}


class TestComparison(unittest.TestCase):
    """While the process runs."""

    def test_it_ends(self, proc_info, comparison):
        proc_info.assertWaitForShutdown(comparison, timeout=300)


@launch_testing.post_shutdown_test()
class TestOutcome(unittest.TestCase):
    """After its end."""

    def test_the_robot_moves_as_recorded(self, proc_info, proc_output, comparison):
        launch_testing.asserts.assertExitCodes(proc_info, process=comparison)
