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
from typing import Dict, Iterable, List, NamedTuple, Optional

SUPPORTED = ((3, 10), (3, 11), (3, 12), (3, 13))
FREE_GIGABYTES = 3
COMPILERS = {'C': ('CC', 'cc', 'gcc', 'clang'), 'C++': ('CXX', 'c++', 'g++', 'clang++')}
# Shared libraries that OpenCV and MediaPipe load, and Debian's or Ubuntu's packages of them.
LIBRARIES = {'libEGL.so.1': 'libegl1', 'libGL.so.1': 'libgl1', 'libGLESv2.so.2': 'libgles2',
             'libglib-2.0.so.0': 'libglib2.0-0'}
# What the setup file of a ROS 2 installation sets, and the lists of folders that it extends.
ROS_SCALARS = ('ROS_DISTRO', 'ROS_PYTHON_VERSION', 'ROS_VERSION')
ROS_LISTS = ('AMENT_PREFIX_PATH', 'CMAKE_PREFIX_PATH', 'LD_LIBRARY_PATH', 'PATH', 'PYTHONPATH')
PROBE = """
import importlib.util, json, os, sys, sysconfig
found = lambda name: importlib.util.find_spec(name) is not None
header = os.path.join(sysconfig.get_paths()['include'], 'Python.h')
print(json.dumps({'executable': sys.executable, 'version': list(sys.version_info[:2]),
                  'header': header, 'has_header': os.path.isfile(header),
                  'has_venv': found('venv') and found('ensurepip'), 'has_rclpy': found('rclpy'),
                  'has_cv_bridge': found('cv_bridge')}))
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
    has_cv_bridge: bool

    @property
    def name(self) -> str:
        """E.g. 'python3.12'."""
        return 'python{}.{}'.format(*self.version)

    def lacks(self) -> List[str]:
        """What has to be installed for it."""
        lacks = []
        if not self.has_venv:
            lacks.append(f'{self.executable} has no venv module: apt install {self.name}-venv')
        if not self.has_header:
            lacks.append(f'{self.executable} has no headers ({self.header} is missing): '
                         f'apt install {self.name}-dev')
        # Without ROS it comes from PyPI, with ROS it is a package of its own.
        distro = os.environ.get('ROS_DISTRO')
        if distro and self.has_rclpy and not self.has_cv_bridge:
            lacks.append(f'ROS is sourced, but there is no cv_bridge: apt install ros-{distro}-'
                         'cv-bridge')
        return lacks


def choose_python(root: pathlib.Path, with_ros: bool) -> Python:
    """The interpreter of the virtual environment; raises Problem.

    The environment variable PYTHON decides if it is set. Otherwise it is the first supported one
    of python3, python3.13 … python3.10 on the PATH that lacks nothing.
    """
    named = os.environ.get('PYTHON')
    names = [named] if named else [
        'python3', *('python{}.{}'.format(*version) for version in reversed(SUPPORTED))]
    found = [python for python in map(_probe, names) if python is not None
             and root / '.venv' not in pathlib.Path(python.executable).parents]
    usable = [python for python in found if tuple(python.version) in SUPPORTED
              and (python.has_rclpy or not with_ros)]
    if usable:
        return next((python for python in usable if not python.lacks()), usable[0])
    have = ', '.join('{} is {}.{}'.format(p.executable, *p.version) for p in found)
    if with_ros and found:
        raise Problem(f'ROS is sourced, but no Python 3.10 to 3.13 can import rclpy ({have}): set '
                      'PYTHON to the interpreter that your ROS was built for')
    raise Problem(f'Python 3.10 to 3.13 is needed ({have or f"{names[0]} cannot be run"}): apt '
                  'install python3.12 python3.12-venv python3.12-dev, or another one, and call '
                  'make again (PYTHON=/path/to/python chooses it)')


def machine_lacks(root: pathlib.Path, with_ros: bool) -> List[str]:
    """What has to be installed besides Python."""
    lacks = []
    machine = f'{platform.system()} {platform.machine()}'
    if not with_ros and machine != 'Linux x86_64':
        lacks.append(f'ROS 2 as Python wheels exists for x86-64 Linux, this is {machine}: install '
                     'ROS 2 Jazzy, source it and call make again')
    absent = [language for language, (variable, *names) in COMPILERS.items()
              if not _any_runs([os.environ.get(variable, ''), *names])]
    if absent:
        lacks.append(f'no {" and no ".join(absent)} compiler: apt install build-essential')
    if with_ros and shutil.which('colcon') is None:
        lacks.append('ROS is sourced, but there is no colcon: '
                     'apt install python3-colcon-common-extensions')
    packages = [package for library, package in LIBRARIES.items() if not _loads(library)]
    if packages:
        lacks.append('shared libraries of OpenCV and MediaPipe are missing: '
                     f'apt install {" ".join(packages)}')
    free = shutil.disk_usage(str(root)).free / 1e9
    if free < FREE_GIGABYTES:
        lacks.append(f'{free:.1f} GB are free on the disk of {root}: the set-up takes '
                     f'{FREE_GIGABYTES} GB, 7 where torch comes with CUDA')
    return lacks


def ros_variables(environment: Dict[str, str], root: pathlib.Path) -> Dict[str, str]:
    """The variables that a sourced ROS 2 installation has set, empty if none is sourced.

    Lists of folders keep only what belongs to that installation, or to sourced workspaces other
    than this one.
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


def _probe(command: str) -> Optional[Python]:
    """The interpreter behind a command or a path, None if it cannot be run."""
    path = shutil.which(command)
    if path is None:
        return None
    done = subprocess.run([path, '-c', PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, universal_newlines=True)
    return Python(**json.loads(done.stdout)) if done.returncode == 0 else None


def _any_runs(commands: Iterable[str]) -> bool:
    splits = [command.split() for command in commands if command]
    return any(subprocess.run([*words, '--version'], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0
               for words in splits if shutil.which(words[0]))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
