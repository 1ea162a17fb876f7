"""What the machine must have before anything is downloaded: each lack is one line of text.

Written for any Python 3 (3.6 and later), to be able to say what is wrong with the present one.
"""
import ctypes
import json
import os
import pathlib
import platform
import shutil
import subprocess
from typing import Dict, List, NamedTuple, Optional

SUPPORTED = ((3, 10), (3, 11), (3, 12), (3, 13))
FREE_GIGABYTES = 4
# Shared libraries that OpenCV and MediaPipe load, and Debian's or Ubuntu's packages of them.
LIBRARIES = {'libEGL.so.1': 'libegl1', 'libGL.so.1': 'libgl1', 'libGLESv2.so.2': 'libgles2',
             'libglib-2.0.so.0': 'libglib2.0-0'}
# Lists of folders that a ROS 2 installation's setup file extends.
ROS_LISTS = ('AMENT_PREFIX_PATH', 'CMAKE_PREFIX_PATH', 'LD_LIBRARY_PATH', 'PATH', 'PYTHONPATH')
ROS_SCALARS = ('ROS_DISTRO', 'ROS_PYTHON_VERSION', 'ROS_VERSION')
_PROBE = """
import importlib.util, json, os, sys, sysconfig
found = lambda name: importlib.util.find_spec(name) is not None
header = os.path.join(sysconfig.get_paths()['include'], 'Python.h')
print(json.dumps({'executable': sys.executable, 'version': list(sys.version_info[:2]),
                  'header': header, 'has_header': os.path.isfile(header),
                  'has_venv': found('venv') and found('ensurepip'), 'has_rclpy': found('rclpy')}))
"""


class Problem(Exception):
    """The set-up cannot go on; the message says what to do."""


class Python(NamedTuple):
    """What one interpreter says about itself."""

    executable: str
    version: List[int]
    header: str
    has_header: bool
    has_venv: bool
    has_rclpy: bool

    @property
    def name(self) -> str:
        """E.g. 'python3.12'."""
        return 'python{}.{}'.format(*self.version)


def probe(command: str) -> Optional[Python]:
    """The interpreter behind a command or a path, None if it cannot be run."""
    path = shutil.which(command)
    if path is None:
        return None
    done = subprocess.run([path, '-c', _PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, universal_newlines=True)
    return Python(**json.loads(done.stdout)) if done.returncode == 0 else None


def choose_python(root: pathlib.Path, with_ros: bool) -> Python:
    """The interpreter of the virtual environment; raises Problem.

    The environment variable PYTHON decides if it is set. Otherwise it is the first supported one
    of python3, python3.13 … python3.10 on the PATH that has all it needs.
    """
    named = os.environ.get('PYTHON')
    names = [named] if named else ['python3', *('python{}.{}'.format(*v)
                                                for v in reversed(SUPPORTED))]
    found = [python for python in map(probe, names) if python is not None
             and root / '.venv' not in pathlib.Path(python.executable).parents]
    usable = [python for python in found if tuple(python.version) in SUPPORTED
              and (python.has_rclpy or not with_ros)]
    if usable:
        return next((p for p in usable if not python_problems(p)), usable[0])
    if with_ros and found:
        raise Problem('ROS is sourced, but {} cannot import rclpy: set PYTHON to the interpreter '
                      'that your ROS was built for'.format(found[0].executable))
    have = ', '.join('{} is {}.{}'.format(p.executable, *p.version) for p in found)
    raise Problem('Python 3.10 to 3.13 is needed ({}): install one, e.g. apt install python3.12 '
                  'python3.12-venv python3.12-dev, and call make again (PYTHON=/path/to/python '
                  'chooses one)'.format(have or '{} not found'.format(names[0])))


def python_problems(python: Python) -> List[str]:
    """What the interpreter lacks."""
    problems = []
    if not python.has_venv:
        problems.append('{} has no venv module: apt install {}-venv'.format(
            python.executable, python.name))
    if not python.has_header:
        problems.append('{} has no headers ({} is missing): apt install {}-dev'.format(
            python.executable, python.header, python.name))
    return problems


def machine_problems(root: pathlib.Path, with_ros: bool) -> List[str]:
    """What the machine lacks besides Python."""
    problems = []
    if not with_ros and (platform.system(), platform.machine()) != ('Linux', 'x86_64'):
        problems.append('ROS 2 as Python wheels exists for x86-64 Linux, this is {} {}: install '
                        'ROS 2 Jazzy, source it and call make again'.format(
                            platform.system(), platform.machine()))
    compilers = {'C': (os.environ.get('CC'), 'cc', 'gcc', 'clang'),
                 'C++': (os.environ.get('CXX'), 'c++', 'g++', 'clang++')}
    absent = [language for language, names in compilers.items() if not _any_runs(names)]
    if absent:
        problems.append('no {} compiler found: apt install build-essential'.format(
            ' and no '.join(absent)))
    if with_ros and shutil.which('colcon') is None:
        problems.append('ROS is sourced but colcon is missing: '
                        'apt install python3-colcon-common-extensions')
    libraries = [package for library, package in LIBRARIES.items() if not _loads(library)]
    if libraries:
        problems.append('shared libraries of OpenCV and MediaPipe are missing: apt install '
                        + ' '.join(libraries))
    free = shutil.disk_usage(str(root)).free / 1e9
    if free < FREE_GIGABYTES and not (root / '.venv').exists():
        problems.append('{:.1f} GB are free on the disk of {}, the set-up takes about {}'.format(
            free, root, FREE_GIGABYTES))
    return problems


def ros_variables(environment: Dict[str, str], root: pathlib.Path) -> Dict[str, str]:
    """The variables that a sourced ROS 2 installation has set, empty if none is sourced.

    Lists of folders keep only what belongs to that installation (or to sourced workspaces other
    than this one).
    """
    if not (environment.get('ROS_DISTRO') and environment.get('AMENT_PREFIX_PATH')):
        return {}
    prefixes = tuple(prefix for prefix in environment['AMENT_PREFIX_PATH'].split(os.pathsep)
                     if prefix and root not in pathlib.Path(prefix).parents)
    found = {name: environment.get(name, '') for name in ROS_SCALARS}
    for name in ROS_LISTS:
        folders = environment.get(name, '').split(os.pathsep)
        found[name] = os.pathsep.join(f for f in folders if f.startswith(prefixes))
    return found


def _any_runs(names: 'tuple[Optional[str], ...]') -> bool:
    for name in names:
        if name and shutil.which(name.split()[0]):
            command = [*name.split(), '--version']
            if subprocess.run(command, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0:
                return True
    return False


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
