"""The ways to install it: the recipe on a Python that apt manages, containers, CI."""
from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import prerequisites
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEXT = (ROOT / 'docs' / 'ros.md').read_text(encoding='utf-8')
RECIPE = re.search(r'## In a ROS 2 workspace.*?```sh\n(.*?)```', TEXT, re.S)[1].splitlines()
DOCKERFILES = sorted(ROOT.glob('docker/Dockerfile*'))
WORKFLOW = (ROOT / '.github/workflows/ci.yaml').read_text(encoding='utf-8')


@pytest.fixture(scope='module')
def managed_python(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A Python with the mark of Ubuntu's, made of links to the present one's library."""
    prefix = tmp_path_factory.mktemp('managed')
    base = pathlib.Path(sys.base_prefix)
    name = f'python{sys.version_info[0]}.{sys.version_info[1]}'
    library = prefix / 'lib' / name
    library.mkdir(parents=True)
    for path in (base / 'lib' / name).iterdir():
        if path.name != 'EXTERNALLY-MANAGED':
            (library / path.name).symlink_to(path)
    for path in base.glob('lib/libpython3*'):
        (prefix / 'lib' / path.name).symlink_to(path)
    (library / 'EXTERNALLY-MANAGED').write_text('[externally-managed]\nError=use apt\n')
    (prefix / 'bin').mkdir()
    python = prefix / 'bin' / 'python3'
    shutil.copy(pathlib.Path(sys._base_executable).resolve(), python)  # type: ignore[attr-defined]
    return python


def run(folder: pathlib.Path, path: pathlib.Path, script: str) -> subprocess.CompletedProcess[str]:
    """Runs lines of bash with `path` first on the PATH."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ('PYTHONPATH', 'VIRTUAL_ENV', 'PYTHONHOME')}
    environment |= {'PATH': f'{path}{os.pathsep}/usr/bin{os.pathsep}/bin', 'PIP_NO_INDEX': '1',
                    'PIP_DISABLE_PIP_VERSION_CHECK': '1'}
    return subprocess.run(['bash', '-c', script], cwd=folder, env=environment, text=True,
                          capture_output=True)


def test_the_recipe_survives_a_managed_python(managed_python: pathlib.Path,
                                              tmp_path: pathlib.Path) -> None:
    install = 'python3 -m pip install no-such-package'
    refused = run(tmp_path, managed_python.parent, install)
    if 'No module named pip' in refused.stderr:
        pytest.skip('this Python has no pip')
    assert 'externally-managed-environment' in refused.stderr, refused.stderr
    steps = [line for line in RECIPE if '.venv' in line and 'colcon build' not in line]
    assert len(steps) == 2
    done = run(tmp_path, managed_python.parent, '\n'.join(['set -e', *steps, install]))
    # It has looked for the package, which is what pip refused before.
    assert 'No matching distribution found' in done.stderr, done.stderr
    assert (tmp_path / '.venv' / 'COLCON_IGNORE').exists()
    settings = (tmp_path / '.venv' / 'pyvenv.cfg').read_text()
    assert 'include-system-site-packages = true' in settings


def test_the_recipe_installs_files_that_exist() -> None:
    files = re.findall(r'src/ros_animate/([\w.-]+)', '\n'.join(RECIPE))
    assert {'requirements.txt', 'requirements-no-deps.txt', 'constraints-ros.txt'} <= set(files)
    for name in files:
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize('path', DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_copy_and_install_files_that_exist(path: pathlib.Path) -> None:
    text = path.read_text(encoding='utf-8')
    copied = [name for line in re.findall(r'^COPY (.+) \S+$', text, re.M) for name in line.split()]
    for name in [*copied, *re.findall(r'-[rc] ([\w.-]+\.txt)', text)]:
        assert (ROOT / name).exists(), name
    assert set(re.findall(r'-[rc] ([\w.-]+\.txt)', text)) <= {*copied, 'constraints-ros.txt'}


def test_containers_have_the_libraries_that_the_set_up_asks_for() -> None:
    needed = set(prerequisites.LIBRARIES.values())
    for text in (DOCKERFILES[0].read_text(), (ROOT / '.devcontainer/Dockerfile').read_text(),
                 WORKFLOW):
        assert needed <= set(re.findall(r'lib[\w.-]+', text))


def test_compose_starts_images_that_the_dockerfiles_make() -> None:
    for name in ('compose.yaml', 'docker/compose.cuda.yaml'):
        services = yaml.safe_load((ROOT / name).read_text())['services']
        for service in services.values():
            assert service['image'].partition(':')[0] == 'ros_animate'
            if 'build' in service:
                assert (ROOT / service['build']['dockerfile']).exists()
    variables = set(re.findall(r'\$\{(\w+):-', (ROOT / 'compose.yaml').read_text()))
    assert all(f'`{name}`' in TEXT for name in variables)


def test_the_development_container_sets_up_and_finds_its_python() -> None:
    content = json.loads((ROOT / '.devcontainer/devcontainer.json').read_text())
    assert (ROOT / '.devcontainer' / content['build']['dockerfile']).exists()
    assert content['postCreateCommand'] == 'make setup'


def test_ci_runs_every_python_that_is_supported() -> None:
    jobs = yaml.safe_load(WORKFLOW)['jobs']
    versions = {f'{major}.{minor}' for major, minor in prerequisites.SUPPORTED}
    assert set(jobs['pip']['strategy']['matrix']['python']) == versions
    assert jobs['ros']['strategy']['matrix']['distro'] == ['jazzy', 'rolling']
    makefile = (ROOT / 'Makefile').read_text()
    for target in re.findall(r'(?:run: |&& )make ([\w-]+)', WORKFLOW):
        assert f'\n{target}:' in makefile


def test_forms_ask_for_what_exists() -> None:
    for path in (ROOT / '.github/ISSUE_TEMPLATE').glob('*.yaml'):
        form = yaml.safe_load(path.read_text())
        assert form['name'] and form['description'] and form['body']
        for name in re.findall(r'docs/[\w/]+\.md', path.read_text()):
            assert (ROOT / name).exists(), name
