"""The launch files without launch: they compile, and take what is documented."""
import ast
import pathlib
import py_compile
import re

import pytest

LAUNCH = pathlib.Path(__file__).resolve().parents[2] / 'launch'
COMMON = {'robot', 'motion', 'animator', 'policy', 'path', 'portrait', 'mirror', 'config', 'params',
          'namespace', 'composed', 'record'}
ARGUMENTS = {
    'retarget.launch.py': COMMON | {'source'},
    'replay.launch.py': COMMON | {'bag', 'from_stage', 'rate', 'loop', 'image_transport'}}


def parsed(name):
    return ast.parse((LAUNCH / name).read_text(encoding='utf-8'))


def declared(name):
    """{argument: whether it has a default} as the file declares them."""
    for node in parsed(name).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == 'ARGUMENTS':
            return {key.value: not (isinstance(value.elts[0], ast.Constant)
                                    and value.elts[0].value is None)
                    for key, value in zip(node.value.keys, node.value.values)}
    return {}


def test_every_launch_file_is_tested():
    assert {path.name for path in LAUNCH.glob('*.launch.py')} == set(ARGUMENTS)


@pytest.mark.parametrize('name', ARGUMENTS)
def test_it_compiles_and_has_an_entry_point(name, tmp_path):
    py_compile.compile(str(LAUNCH / name), str(tmp_path / 'compiled'), doraise=True)
    functions = [node.name for node in parsed(name).body if isinstance(node, ast.FunctionDef)]
    assert 'generate_launch_description' in functions


@pytest.mark.parametrize('name', ARGUMENTS)
def test_arguments(name):
    arguments = declared(name)
    assert set(arguments) == ARGUMENTS[name]
    assert {a for a, has_default in arguments.items() if not has_default} <= {'bag'}


@pytest.mark.parametrize('name', ARGUMENTS)
def test_examples_use_arguments_that_exist(name):
    examples = re.findall(r'(\w+):=', ast.get_docstring(parsed(name)) or '')
    assert examples and set(examples) <= ARGUMENTS[name]
