"""Imports point downwards: the contracts in pyproject.toml, and no circle of modules."""
from __future__ import annotations

import ast
import graphlib
import pathlib
import re
from collections.abc import Container, Iterator

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROS = re.compile(r'(ament_\w+|cv_bridge|launch|launch_ros|rclpy|rosidl_\w+|ros_animate\.msg'
                 r'|\w+_(msgs|srvs|interfaces))(\.|$)')


def module_name(path: pathlib.Path, root: pathlib.Path) -> str:
    """The name by which a file below `root` is imported."""
    parts = path.relative_to(root).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imported_names(tree: ast.AST, modules: Container[str] = ()) -> Iterator[str]:
    """What a file imports anywhere, also inside functions.

    Args:
        tree: The file.
        modules: `from a import b` is an import of `a.b` where that is one of these.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f'{node.module}.{alias.name}' for alias in node.names]
            yield from (name if name in modules else node.module for name in names)


def import_graph(root: pathlib.Path, package: str = 'ros_animate') -> dict[str, set[str]]:
    """Module → modules of the package that it imports, imports inside functions included."""
    files = {module_name(path, root): path for path in sorted((root / package).rglob('*.py'))}
    return {name: (set(imported_names(ast.parse(path.read_text()), files)) & set(files)) - {name}
            for name, path in files.items()}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, in order; empty if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_contracts_are_kept(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_no_circle_of_modules():
    assert circle(import_graph(ROOT)) == []


def test_an_import_inside_a_function_is_no_way_around(tmp_path):
    (tmp_path / 'p').mkdir()
    (tmp_path / 'p' / 'a.py').write_text('from p import b\n')
    (tmp_path / 'p' / 'b.py').write_text('def f():\n    import p.a\n')
    assert set(circle(import_graph(tmp_path, 'p'))) == {'p.a', 'p.b'}


def test_only_nodes_and_runtime_import_ros():
    offenders = []
    for path in sorted((ROOT / 'ros_animate').rglob('*.py')):
        names = imported_names(ast.parse(path.read_text()), {'ros_animate.msg'})
        folder = path.relative_to(ROOT / 'ros_animate').parts[0]
        if folder not in ('nodes', 'runtime') and any(map(ROS.match, names)):
            offenders.append(str(path))
    assert not offenders


@pytest.mark.parametrize('name, is_ros', [
    ('rclpy.node', True), ('sensor_msgs.msg', True), ('ros_animate.msg', True),
    ('ros_animate.messages', False), ('launchpad', False)])
def test_names_of_ros_are_known(name, is_ros):
    assert bool(ROS.match(name)) == is_ros
