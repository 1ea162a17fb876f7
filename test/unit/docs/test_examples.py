"""The examples that need no ROS: the package of plug-ins and the notebook run as they stand."""
from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from ros_animate.outputs.controls_table import read_controls
from ros_animate.robot.descriptions import load_spec

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / 'examples'
SPEC = load_spec('mock')


def run_python(*arguments: str, path: tuple[pathlib.Path, ...] = ()) -> str:
    """Output of a Python program that must succeed.

    Args:
        arguments: Arguments of the interpreter.
        path: Folders in which it finds modules besides the package.
    """
    places = [*map(str, path), str(ROOT), os.environ.get('PYTHONPATH', '')]
    done = subprocess.run([sys.executable, *arguments], text=True, capture_output=True,
                          env={**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, places)),
                               'MPLBACKEND': 'agg'})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def package(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The package of plug-ins as pip installs it: its module, and its entry points."""
    folder, source = tmp_path_factory.mktemp('package'), EXAMPLES / 'plugin_package'
    shutil.copy(source / 'my_robot_plugins.py', folder)
    metadata = folder / 'my_robot_plugins-1.0.dist-info'
    metadata.mkdir()
    (metadata / 'METADATA').write_text('Metadata-Version: 2.1\nName: my-robot-plugins\n'
                                       'Version: 1.0\n')
    project = (source / 'pyproject.toml').read_text()
    sections = re.findall(r"^\[project\.entry-points\.'(\S+)'\]\n((?:\w+ = .+\n)+)", project, re.M)
    assert [name for name, _ in sections] == ['ros_animate.policy', 'ros_animate.hardware']
    (metadata / 'entry_points.txt').write_text(
        ''.join(f'[{name}]\n{lines}' for name, lines in sections).replace("'", ''))
    return folder


def run(package: pathlib.Path, *arguments: str) -> str:
    return run_python('-m', 'ros_animate', *arguments, path=(package,))


def test_the_plug_ins_of_the_package_are_listed_and_described(package: pathlib.Path) -> None:
    listing = run(package, 'plugins', 'list')
    assert 'jaw_only' in listing and 'json_lines' in listing
    assert 'policy.open_value = 0.0' in run(package, 'plugins', 'show', 'policy', 'jaw_only')


@pytest.mark.slow
def test_the_policy_of_the_package_moves_the_jaw_alone(package: pathlib.Path,
                                                       tmp_path: pathlib.Path) -> None:
    run(package, 'retarget', '--source', 'demo', '--duration', '5.5', '--offline', '--quiet',
        '--policy', 'jaw_only', '--output', str(tmp_path))
    _, _, commands = read_controls(tmp_path / 'controls.csv')
    jaw = SPEC.index('Jaw Pitch')
    assert np.ptp(commands[:, jaw]) > 0.2  # the person is surprised and opens the mouth
    # The others stay, but for the lips that the coupled limits of the jaw move.
    still = [i for i, name in enumerate(SPEC.names) if 'Lip' not in name and i != jaw]
    assert np.ptp(commands[:, still], axis=0).max() < 1e-6


def test_the_robot_of_the_package_receives_commands(package: pathlib.Path,
                                                    tmp_path: pathlib.Path) -> None:
    path = tmp_path / 'commands.jsonl'
    run(package, 'robots', 'jog', 'json_lines', 'Jaw Pitch', '0.9', '--hold', '0',
        '--param', f'hardware.path={path}')
    commands = [json.loads(line) for line in path.read_text().splitlines()]
    assert min(command['Jaw Pitch'] for command in commands) == pytest.approx(0.9, abs=1e-3)
    assert commands[-1]['Jaw Pitch'] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.slow
def test_the_notebook_runs_without_ros(tmp_path: pathlib.Path) -> None:
    notebook = json.loads((EXAMPLES / 'core_without_ros.ipynb').read_text(encoding='utf-8'))
    cells = [cell for cell in notebook['cells'] if cell['cell_type'] == 'code']
    assert all(not cell['outputs'] for cell in cells), 'clear the outputs before a commit'
    program = tmp_path / 'notebook.py'
    program.write_text("import sys\nsys.modules['rclpy'] = None  # importing it fails\n"
                       + '\n'.join(''.join(cell['source']) for cell in cells), encoding='utf-8')
    output = run_python(str(program))
    assert '90 frames for Ameca' in output and 'Head Pan' in output


def test_the_overview_names_every_example() -> None:
    text = (EXAMPLES / 'README.md').read_text(encoding='utf-8')
    for path in EXAMPLES.iterdir():
        assert path.name == 'README.md' or f']({path.name}' in text, path.name
    for name in re.findall(r'\]\(([\w./]+)\)', text):
        assert (EXAMPLES / name).exists(), name
