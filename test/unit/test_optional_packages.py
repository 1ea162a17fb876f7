"""Optional packages that are missing: one line that says what needs them, and the rest works."""
import os
import pathlib
import subprocess
import sys

import pytest

from ros_animate.optional_packages import (
    PACKAGES,
    MissingPackageError,
    missing_packages_explained,
    require,
)
from ros_animate.robot.descriptions import load_spec

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def run_without(tmp_path):
    """Function: runs a program in a Python that lacks modules."""
    def run(modules, *command):
        for module in modules:
            (tmp_path / f'{module}.py').write_text(
                f'raise ModuleNotFoundError("No module named {module!r}", name={module!r})')
        path = os.pathsep.join([str(tmp_path), str(ROOT)])
        return subprocess.run([sys.executable, *map(str, command)], text=True, capture_output=True,
                              env={**os.environ, 'PYTHONPATH': path})
    return run


@pytest.mark.parametrize('module', PACKAGES)
def test_a_missing_package_is_named_with_what_needs_it(module):
    with (pytest.raises(MissingPackageError, match=f'pip install {PACKAGES[module][0]} '),
          missing_packages_explained()):
        raise ModuleNotFoundError(name=f'{module}.part')


def test_other_missing_modules_are_defects():
    for name in ('ros_animate.nothing', None):
        with pytest.raises(ModuleNotFoundError) as caught, missing_packages_explained():
            raise ModuleNotFoundError(name=name)
        assert not isinstance(caught.value, MissingPackageError)


def test_what_is_there_is_not_complained_about():
    for module in PACKAGES:
        require(module)


def test_without_the_tracker_a_run_says_so_in_one_line(run_without, tmp_path):
    done = run_without(['mediapipe'], '-m', 'ros_animate', 'retarget', '--source', 'demo',
                       '--offline', '--limit', '2', '--output', tmp_path / 'out')
    assert done.returncode == 2
    line, = done.stderr.splitlines()
    assert 'mediapipe is not installed, which is needed for the face tracker' in line


def test_without_any_of_them_robots_are_moved(run_without, tmp_path):
    """The stages behind the tracker need none of them."""
    path = tmp_path / 'controls.csv'
    spec = load_spec('mock')
    rows = [['stamp_s', *spec.names], [0.0, *spec.neutral], [1.0, *spec.neutral]]
    path.write_text(''.join(','.join(map(str, row)) + '\n' for row in rows))
    done = run_without(PACKAGES, '-m', 'ros_animate', 'smooth', path, tmp_path / 'out.csv',
                       '--robot', 'mock')
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'out.csv').stat().st_size > 100


def test_an_executable_says_it_before_anything_else(run_without):
    executable = ROOT / 'install/ros_animate/lib/ros_animate/record_node'
    if not executable.exists():
        pytest.skip('the package is not built')
    done = run_without(['rosbags'], executable)
    assert done.returncode == 2
    line, = done.stderr.splitlines()
    assert line.startswith('ros_animate: error: rosbags is not installed')
