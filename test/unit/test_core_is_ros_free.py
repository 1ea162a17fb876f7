"""Only the nodes and the launch actions import ROS, and slow imports wait until they are needed."""
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

WITH_ROS = ('ros_animate.dashboard', 'ros_animate.nodes', 'ros_animate.runtime.launch_actions')
HEAVY = {'av', 'cv2', 'matplotlib', 'mediapipe', 'torch'}
IMPORT = """
import importlib, json, sys
for name in {names!r}:
    importlib.import_module(name)
print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))
"""


def is_ros(name: str) -> bool:
    return name.startswith(('ament_', 'launch', 'rcl', 'rmw', 'ros2', 'rosidl')) or (
        name.endswith(('_msgs', '_srvs', '_interfaces')))


def core_modules() -> list[str]:
    """All modules of the checkout but those that import ROS, and the entry point."""
    names = ('.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')
             for path in (ROOT / 'ros_animate').rglob('*.py'))
    return sorted(name for name in names if not name.startswith(WITH_ROS)
                  and not name.endswith('.__main__'))


def imported_by(*names: str) -> set[str]:
    """Top-level modules that a fresh process holds after importing these."""
    done = subprocess.run([sys.executable, '-c', IMPORT.format(names=names)], text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_list_of_modules_is_the_whole_core():
    modules = core_modules()
    assert {'ros_animate.types', 'ros_animate.cli', 'ros_animate.smoothing.base',
            'ros_animate.motion.extractors.mediapipe'} <= set(modules)


def test_core_imports_no_ros():
    assert not [name for name in imported_by(*core_modules()) if is_ros(name)]


def test_the_check_can_fail():
    pytest.importorskip('rclpy')
    assert [name for name in imported_by('rclpy') if is_ros(name)]


def test_command_line_is_light():
    assert not imported_by('ros_animate.cli', 'ros_animate.plugins') & HEAVY
