"""The files that describe the package agree with each other."""
import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from catkin_pkg.changelog import Changelog, populate_changelog_from_rst
from catkin_pkg.package import parse_package
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from ros_animate.optional_packages import PACKAGES

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ElementTree.parse(ROOT / 'package.xml').getroot()
# Modules of ROS packages that are not named as the package.
ROS_PACKAGES = {'ament_index_python', 'launch', 'launch_ros', 'rclpy', 'rcl_interfaces',
                'builtin_interfaces'}


def dependencies() -> set[str]:
    return {element.text or '' for element in PACKAGE if element.tag.endswith('depend')}


def imported(folder: str) -> set[str]:
    """Top-level packages that the Python files of a folder import."""
    names = set()
    for path in (ROOT / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition('.')[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition('.')[0])
    return names


def test_setup_and_changelog_have_the_version_of_package_xml():
    version = PACKAGE.findtext('version')
    done = subprocess.run([sys.executable, 'setup.py', '--version'], cwd=ROOT, text=True,
                          capture_output=True, check=True)
    assert done.stdout.split()[-1] == version
    newest = re.search(r'^(\d+\.\d+\.\d+) \(', (ROOT / 'CHANGELOG.rst').read_text(), re.M)
    assert newest and newest[1] == version


def test_name_and_licence_agree():
    assert PACKAGE.findtext('name') == 'ros_animate'
    assert 'project(ros_animate)' in (ROOT / 'CMakeLists.txt').read_text()
    assert PACKAGE.findtext('license') == 'Apache-2.0'
    assert "text = 'Apache-2.0'" in (ROOT / 'pyproject.toml').read_text()
    assert 'Version 2.0, January 2004' in (ROOT / 'LICENSE').read_text()


def test_all_messages_are_built():
    cmake = (ROOT / 'CMakeLists.txt').read_text()
    files = {f'msg/{path.name}' for path in (ROOT / 'msg').iterdir()}
    assert set(re.findall(r'msg/\w+\.msg', cmake)) == files


def test_all_node_executables_have_a_module():
    cmake = (ROOT / 'CMakeLists.txt').read_text()
    stages = re.search(r'foreach\(stage ([\w ]+)\)', cmake)
    assert stages
    for name in ('composed', *stages[1].split()):
        assert (ROOT / f'ros_animate/nodes/{name}_node.py').exists(), name


def test_ros_packages_in_use_are_declared():
    used = {name for name in imported('ros_animate/nodes') | imported('launch')
            if name in ROS_PACKAGES or name.endswith(('_msgs', '_srvs'))}
    assert 'rclpy' in used
    assert used <= dependencies()


def test_package_xml_asks_for_nothing_that_only_pip_has():
    """A ROS distribution is built from packages of the operating system alone."""
    assert not {name for name in dependencies() if name.endswith('-pip')}
    optional = {name.lower() for name, _ in PACKAGES.values()}
    assert not {name for name in dependencies() if name.removeprefix('python3-') in optional}


def test_package_xml_has_addresses_and_is_valid():
    package = parse_package(str(ROOT / 'package.xml'))
    package.validate()
    assert {url.type for url in package.urls} == {'website', 'repository', 'bugtracker'}


def test_the_changelog_can_be_read_by_the_release_tools():
    text = (ROOT / 'CHANGELOG.rst').read_text(encoding='utf-8')
    dated = text.replace('(unreleased)', '(2026-12-31)')
    changelog = populate_changelog_from_rst(Changelog('ros_animate'), dated)
    version, _, content = next(iter(changelog.foreach_version()))
    assert version == PACKAGE.findtext('version')
    # A title and a list for each of Added, Changed, Fixed.
    assert len(content) >= 6 and all(len(str(part)) > 4 for part in content)


def requirements(name: str) -> list[str]:
    """The lines of a requirements file, without comments."""
    lines = (line.partition('#')[0].strip() for line in (ROOT / name).read_text().split('\n'))
    return [line for line in lines if line]


def names(lines: list[str]) -> set[tuple[str, str]]:
    """(package, environment marker) of each requirement."""
    return {(r.name.lower(), str(r.marker or '')) for r in map(Requirement, lines)}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']


@pytest.mark.parametrize('name', sorted(p.name for p in ROOT.glob('requirements*.txt')))
def test_every_requirement_is_pinned(name):
    pinned = {line.partition('==')[0] for line in (ROOT / 'constraints.txt').read_text().split('\n')
              if not line.startswith('#')}
    required = {package for package, _ in names(requirements(name))}
    assert required and required <= pinned


def test_set_up_installs_what_the_package_declares():
    extras = dict(project()['optional-dependencies'])
    ros = extras.pop('ros')
    del extras['rerun']  # a large one that few want
    declared = [*project()['dependencies'], *(line for lines in extras.values() for line in lines)]
    assert names(requirements('requirements.txt')) == names(declared)
    assert names(ros) <= names(requirements('requirements-ros-wheels.txt'))


def test_pinned_versions_are_those_that_the_package_accepts():
    required = {r.name.lower(): r.specifier for r in map(Requirement, project()['dependencies'])}
    for name in ('constraints.txt', 'constraints-ros.txt'):
        pinned = [Requirement(line) for line in requirements(name)]
        for pin in pinned:
            version, = (specifier.version for specifier in pin.specifier)
            assert version in required.get(pin.name.lower(), SpecifierSet()), f'{name}: {pin}'


def test_pip_installs_every_module():
    """setup.py takes folders with an __init__.py: one without would stay behind."""
    folders = {path.parent for path in (ROOT / 'ros_animate').rglob('*.py')}
    assert not [folder for folder in folders if not (folder / '__init__.py').exists()]


@pytest.mark.slow
def test_installed_package_runs_from_any_folder(tmp_path):
    source, prefix = tmp_path / 'source', tmp_path / 'prefix'
    for name in ('ros_animate', 'config', 'launch', 'weights'):
        shutil.copytree(ROOT / name, source / name)
    for name in ('setup.py', 'pyproject.toml', 'package.xml', 'README.md'):
        shutil.copy(ROOT / name, source)
    # Else pip would remove the package from the environment of the tests.
    subprocess.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps', '--no-index',
                    '--no-build-isolation', '--ignore-installed', '--prefix', prefix, source],
                   check=True)
    shutil.rmtree(source)
    modules, = prefix.glob('lib/python3*/site-packages')
    code = ('import sys; import ros_animate.cli; print(ros_animate.cli.__file__); '
            'sys.exit(ros_animate.cli.main())')
    done = subprocess.run([sys.executable, '-c', code, 'retarget', '--source', 'demo', '--offline',
                           '--duration', '0.5', '--output', tmp_path / 'run'], cwd=tmp_path,
                          env={**os.environ, 'PYTHONPATH': str(modules)}, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    assert str(modules) in done.stdout
    assert (tmp_path / 'run' / 'robot.mp4').exists()
