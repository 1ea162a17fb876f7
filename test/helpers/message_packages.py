"""Packages of ROS messages that PyPI lacks, built as a ROS installation has them.

Each is written here with the names and fields of the original, built once with the tools that build
this project's own messages, and kept in a temporary folder as long as its text is the same.
"""
from __future__ import annotations

import ctypes
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping

# Package: (packages that it uses, {file: text}).
PACKAGES = {
    'hri_msgs': (('std_msgs',), {
        'msg/IdsList.msg': 'std_msgs/Header header\nstring[] ids\n',
        'msg/NormalizedPointOfInterest2D.msg': 'float32 x\nfloat32 y\nfloat32 c\n',
        'msg/NormalizedRegionOfInterest2D.msg': (
            'std_msgs/Header header\nfloat32 xmin\nfloat32 ymin\nfloat32 xmax\nfloat32 ymax\n'
            'float32 c\n'),
        'msg/FacialLandmarks.msg': (
            'std_msgs/Header header\nNormalizedPointOfInterest2D[] landmarks\nuint32 height\n'
            'uint32 width\n'),
        'msg/FacialActionUnits.msg': (
            'std_msgs/Header header\nfloat32[] intensity\nfloat32[] confidence\n'),
        'msg/Expression.msg': (
            'std_msgs/Header header\nstring expression\nfloat32 valence\nfloat32 arousal\n'
            'float32 confidence\n')}),
    'tf2_msgs': (('geometry_msgs',), {
        'msg/TFMessage.msg': 'geometry_msgs/TransformStamped[] transforms\n'}),
    'control_msgs': (('builtin_interfaces', 'std_msgs', 'trajectory_msgs'), {
        'msg/JointTolerance.msg': (
            'string name\nfloat64 position\nfloat64 velocity\nfloat64 acceleration\n'),
        'msg/JointComponentTolerance.msg': (
            'uint16 POSITION=1\nuint16 VELOCITY=2\nuint16 ACCELERATION=3\n'
            'string joint_name\nuint16 component\nfloat64 position\nfloat64 velocity\n'
            'float64 acceleration\n'),
        'action/FollowJointTrajectory.action': (
            'trajectory_msgs/JointTrajectory trajectory\n'
            'trajectory_msgs/MultiDOFJointTrajectory multi_dof_trajectory\n'
            'JointTolerance[] path_tolerance\n'
            'JointComponentTolerance[] component_path_tolerance\n'
            'JointTolerance[] goal_tolerance\n'
            'JointComponentTolerance[] component_goal_tolerance\n'
            'builtin_interfaces/Duration goal_time_tolerance\n'
            '---\n'
            'int32 error_code\n'
            'int32 SUCCESSFUL = 0\n'
            'int32 INVALID_GOAL = -1\n'
            'int32 INVALID_JOINTS = -2\n'
            'int32 OLD_HEADER_TIMESTAMP = -3\n'
            'int32 PATH_TOLERANCE_VIOLATED = -4\n'
            'int32 GOAL_TOLERANCE_VIOLATED = -5\n'
            'string error_string\n'
            '---\n'
            'std_msgs/Header header\n'
            'string[] joint_names\n'
            'trajectory_msgs/JointTrajectoryPoint desired\n'
            'trajectory_msgs/JointTrajectoryPoint actual\n'
            'trajectory_msgs/JointTrajectoryPoint error\n'
            'trajectory_msgs/MultiDOFJointTrajectoryPoint multi_dof_desired\n'
            'trajectory_msgs/MultiDOFJointTrajectoryPoint multi_dof_actual\n'
            'trajectory_msgs/MultiDOFJointTrajectoryPoint multi_dof_error\n')}),
}
CMAKE = """\
cmake_minimum_required(VERSION 3.16)
project({name})
find_package(ament_cmake REQUIRED)
find_package(rosidl_default_generators REQUIRED)
{finds}
rosidl_generate_interfaces({name} {files} DEPENDENCIES {uses})
ament_export_dependencies(rosidl_default_runtime)
ament_package()
"""
MANIFEST = """\
<package format="3"><name>{name}</name><version>1.0.0</version><description>{name}</description>
<maintainer email="nobody@example.com">nobody</maintainer><license>Apache-2.0</license>
<buildtool_depend>ament_cmake</buildtool_depend>
<buildtool_depend>rosidl_default_generators</buildtool_depend>{uses}
<exec_depend>rosidl_default_runtime</exec_depend>
<member_of_group>rosidl_interface_packages</member_of_group>
<export><build_type>ament_cmake</build_type></export></package>
"""


def message_environment(names: Iterable[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process that finds packages of PACKAGES beside the others."""
    changed = dict(environment)
    for install in map(message_prefix, names):
        for variable, folder in (('PYTHONPATH', _modules(install)),
                                 ('LD_LIBRARY_PATH', install / 'lib')):
            changed[variable] = os.pathsep.join(filter(None, [str(folder),
                                                              changed.get(variable)]))
    return changed


def use_messages(name: str) -> None:
    """Makes a package of PACKAGES known to this process."""
    install = message_prefix(name)
    if str(_modules(install)) not in sys.path:
        sys.path.append(str(_modules(install)))
        # The middleware asks for them by name alone, which finds those that are loaded.
        for library in sorted((install / 'lib').glob('*.so')):
            ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)


def message_prefix(name: str) -> pathlib.Path:
    """Folder in which a package of PACKAGES is installed; built if it is not there yet."""
    key = hashlib.sha256(json.dumps([sys.prefix, CMAKE, MANIFEST, PACKAGES[name]]).encode())
    root = pathlib.Path(tempfile.gettempdir()) / (
        f'ros_animate_{name}_{os.getuid()}_{key.hexdigest()[:12]}')
    root.mkdir(mode=0o700, exist_ok=True)
    with (root / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / 'done').exists():
            _build(name, root)
            (root / 'done').touch()
    return root / 'install'


def _modules(install: pathlib.Path) -> pathlib.Path:
    return next(install.glob('lib/python3*/site-packages'))


def _build(name: str, root: pathlib.Path) -> None:
    uses, files = PACKAGES[name]
    for folder in ('source', 'build', 'install'):
        shutil.rmtree(root / folder, ignore_errors=True)
    for file, text in files.items():
        (root / 'source' / file).parent.mkdir(parents=True, exist_ok=True)
        (root / 'source' / file).write_text(text)
    (root / 'source' / 'CMakeLists.txt').write_text(CMAKE.format(
        name=name, files=' '.join(f'"{file}"' for file in files), uses=' '.join(uses),
        finds='\n'.join(f'find_package({package} REQUIRED)' for package in uses)))
    (root / 'source' / 'package.xml').write_text(MANIFEST.format(
        name=name, uses=''.join(f'<depend>{package}</depend>' for package in uses)))
    prefix = pathlib.Path(sys.prefix)
    environment = {**os.environ, 'PATH': f'{prefix / "bin"}:{os.environ["PATH"]}'}
    environment.setdefault('AMENT_PREFIX_PATH', str(prefix))
    environment.setdefault('CMAKE_PREFIX_PATH', environment['AMENT_PREFIX_PATH'])
    # The libraries find those of the wheels as this project's own messages do.
    configure = ['cmake', '-S', str(root / 'source'), '-B', str(root / 'build'), '-G', 'Ninja',
                 f'-DCMAKE_INSTALL_PREFIX={root / "install"}', '-DBUILD_TESTING=OFF',
                 f'-DPython3_EXECUTABLE={sys.executable}', '-DCMAKE_BUILD_TYPE=Release',
                 f'-DCMAKE_INSTALL_RPATH=$ORIGIN;{prefix / "lib"};{root / "install" / "lib"}',
                 '-DCMAKE_SHARED_LINKER_FLAGS=-Wl,--disable-new-dtags',
                 '-DCMAKE_MODULE_LINKER_FLAGS=-Wl,--disable-new-dtags',
                 '-DCMAKE_CXX_FLAGS=-O0', '-DCMAKE_C_FLAGS=-O0']
    for command in (configure, ['cmake', '--build', str(root / 'build'), '--target', 'install']):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f'{name} cannot be built:\n{done.stdout[-3000:]}\n{done.stderr}')
