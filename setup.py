"""The ROS-free core for pip (`pip install -e .`); ROS machines use colcon and CMakeLists.txt."""
import pathlib
import xml.etree.ElementTree

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).resolve().parent


def data_files() -> list[tuple[str, list[str]]]:
    """config/, launch/ and weights/ go to share/ros_animate, as in a colcon installation."""
    files: dict[str, list[str]] = {}
    for folder in ('config', 'launch', 'weights'):
        for path in sorted((ROOT / folder).rglob('*')):
            if path.is_file() and '__pycache__' not in path.parts:
                relative = path.relative_to(ROOT)
                files.setdefault(f'share/ros_animate/{relative.parent}', []).append(str(relative))
    return sorted(files.items())


setup(
    version=xml.etree.ElementTree.parse(ROOT / 'package.xml').findtext('version'),
    packages=find_packages(include=['ros_animate', 'ros_animate.*']),
    package_data={'ros_animate.dashboard': ['static/*']},
    data_files=data_files(),
)
