"""The launch files without launch: they compile, and take what is documented."""
import ast
import pathlib
import py_compile
import re

import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.runtime.launch_arguments import COMMON_ARGUMENTS, is_true, settings_of
from ros_animate.settings import load_settings

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAUNCH = ROOT / 'launch'
EXAMPLES = sorted(path.name for path in (ROOT / 'examples').glob('*.launch.py'))
COMMON = {'robot', 'motion', 'animator', 'policy', 'path', 'portrait', 'mirror', 'config', 'params',
          'namespace', 'composed', 'record', 'dashboard'}
ARGUMENTS = {
    'retarget.launch.py': COMMON | {'source', 'record_take', 'vmc', 'vmc_of', 'virtual_camera',
                                    'stream', 'show'},
    'replay.launch.py': COMMON | {'bag', 'from_stage', 'rate', 'loop', 'image_transport'},
    'fleet.launch.py': {'file', 'composed', 'params'},
    'view.launch.py': {'robot', 'namespace', 'rviz', 'rviz_config', 'faces', 'camera_frame',
                       'camera_pose', 'urdf_folder'}}


def parsed(name):
    return ast.parse((LAUNCH / name).read_text(encoding='utf-8'))


def declared(name):
    """{argument: True if it has a default} as the file declares them."""
    declared = {}
    for node in parsed(name).body:
        if not isinstance(node, ast.Assign) or node.targets[0].id != 'ARGUMENTS':
            continue
        for key, value in zip(node.value.keys, node.value.values, strict=True):
            if key is None:
                assert value.id == 'COMMON_ARGUMENTS'
                declared |= {name: default is not None
                             for name, (default, _) in COMMON_ARGUMENTS.items()}
            else:
                declared[key.value] = not (isinstance(value.elts[0], ast.Constant)
                                           and value.elts[0].value is None)
    return declared


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
    assert {a for a, has_default in arguments.items() if not has_default} <= {'bag', 'file'}


@pytest.mark.parametrize('name', ARGUMENTS)
def test_examples_use_arguments_that_exist(name):
    examples = re.findall(r'(\w+):=', ast.get_docstring(parsed(name)) or '')
    assert examples and set(examples) <= ARGUMENTS[name]


@pytest.mark.parametrize('name', EXAMPLES)
def test_examples_compile_and_use_arguments_that_exist(name, tmp_path):
    path = ROOT / 'examples' / name
    py_compile.compile(str(path), str(tmp_path / 'compiled'), doraise=True)
    tree = ast.parse(path.read_text(encoding='utf-8'))
    own = next(node.value for node in tree.body if isinstance(node, ast.Assign)
               and node.targets[0].id == 'ARGUMENTS')
    known = {key.value for key in own.keys} | COMMON
    assert set(re.findall(r'(\w+):=', ast.get_docstring(tree))) - {'topic'} <= known


def test_every_argument_is_documented_in_one_place():
    text = (ROOT / 'docs' / 'ros.md').read_text(encoding='utf-8')
    table = text.partition('### Launch arguments')[2].partition('Examples to copy')[0]
    rows = [row for row in table.splitlines() if row.startswith('| `')]
    documented = {name for row in rows for name in re.findall(r'`(\w+)`', row.split('|')[1])}
    assert documented == set().union(*ARGUMENTS.values())


def values(**given):
    return {name: default for name, (default, _) in COMMON_ARGUMENTS.items()} | given


def test_settings_follow_the_arguments():
    settings = settings_of(values(robot='ameca', mirror='true', motion='mediapipe'),
                           {'plugin': 'video', 'path': 'a.mp4'})
    assert (settings.robot, settings.mirror) == ('ameca', True)
    assert settings.plugin('motion') == 'mediapipe' and settings.plugin('camera') == 'video'


def test_without_arguments_the_settings_are_those_of_the_configuration():
    assert settings_of(values()) == load_settings()


@pytest.mark.parametrize('given, complaint', [
    ({'mirror': 'perhaps'}, "mirror: expected true or false, got 'perhaps'"),
    ({'path': 'both'}, 'both')])
def test_wrong_arguments_are_refused_by_name(given, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        settings_of(values(**given))


@pytest.mark.parametrize('text, expected', [('true', True), ('On', True), ('0', False),
                                            ('', False)])
def test_booleans(text, expected):
    assert is_true('composed', text) is expected
