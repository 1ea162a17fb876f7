"""Texts from outside: whatever is in them, a bounded value or one short line."""
import json
import os
import subprocess
import sys
import time

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros_animate import limits
from ros_animate.configuration import ConfigurationError, parse_assignment, read_yaml
from ros_animate.documents import DocumentError, parse_json, parse_yaml, read_lines, read_text
from ros_animate.errors import cut, shown
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.reader import check_spec
from ros_animate.settings import load_settings

LONGEST = 600  # characters of a message


def _bomb(items: str, levels: int = 7) -> str:
    lines = [f'a: &a {items}']
    for level in range(levels):
        above, name = chr(97 + level), chr(98 + level)
        lines.append(f'{name}: &{name} [{",".join([f"*{above}"] * 10)}]')
    return '\n'.join(lines) + '\n'


BOMBS = {
    'aliases': _bomb('[1,1,1,1,1,1,1,1,1,1]'),
    'aliases of texts': _bomb(f'"{"x" * 1000}"'),
    'merges': 'a: &a {x: 1}\n' + ''.join(
        f'{chr(98 + k)}: &{chr(98 + k)} {{<<: [{",".join([f"*{chr(97 + k)}"] * 10)}]}}\n'
        for k in range(7)),
    'an alias of itself': 'controls: &a [*a]\n',
    'brackets': 'controls: ' + '[' * 3000,
    'closed brackets': 'controls: ' + '[' * 3000 + ']' * 3000,
    'dashes': '- ' * 3000,
    'date': 'name: 2020-99-99\n',
    'digits': f'name: {"9" * 400}\n',
    'many digits': f'name: {"9" * 5000}\n',
    'base 60': f'name: {":".join(["1"] * 2000)}\n',
    'hexadecimal': f'name: 0x{"f" * 5000}\n',
    'no integer': 'name: !!int ""\n', 'no truth': 'name: !!bool x\n',
    'no time': 'name: !!timestamp x\n', 'no bytes': 'name: !!binary "@"\n',
    'code': 'name: !!python/object/apply:os.system [false]\n',
    'unknown alias': f'name: *{"b" * 100_000}\n',
    'list as a key': '? [1]\n: 2\n', 'null character': 'name: \0\n',
    'two documents': 'a: 1\n---\nb: 2\n', 'no character': 'name: "\\U00110000"\n',
    'a long key': f'{"k" * 1000}: 1\n',
    'a number as a key': f'{"1" * 90}: 1\n',
}


@pytest.mark.parametrize('name', BOMBS)
def test_bombs_in_a_robot_file_are_short_errors(name, tmp_path):
    path = tmp_path / 'robot.yaml'
    path.write_text(BOMBS[name])
    spec, mistakes = check_spec(path, sections=True)
    assert spec is None and mistakes
    assert max(map(len, mistakes)) < LONGEST + len(str(path)) and len(mistakes) < 50
    assert not any('\n' in mistake for mistake in mistakes)


@pytest.mark.parametrize('name', BOMBS)
def test_bombs_in_settings_are_one_short_line(name, tmp_path):
    path = tmp_path / 'settings.yaml'
    path.write_text(BOMBS[name])
    with pytest.raises(ConfigurationError) as error:
        load_settings([path])
    assert len(str(error.value)) < LONGEST + len(str(path)) and '\n' not in str(error.value)


def test_an_honest_alias_is_read(tmp_path):
    path = tmp_path / 'settings.yaml'
    path.write_text('motion: &a {plugin: mediapipe}\nanimation: {<<: *a, plugin: fomm}\n')
    assert read_yaml(path)['animation'] == {'plugin': 'fomm'}


@pytest.mark.parametrize('kind', ['folder', 'pipe', 'long', 'missing', 'null', 'latin'])
def test_what_is_not_a_file_of_text_is_refused_without_waiting(kind, tmp_path):
    path = tmp_path / ('a\0b' if kind == 'null' else 'file.yaml')
    if kind == 'folder':
        path.mkdir()
    elif kind == 'pipe':
        os.mkfifo(path)
    elif kind == 'long':
        with path.open('wb') as file:
            file.truncate(limits.YAML_BYTES + 1)
    elif kind == 'latin':
        path.write_bytes(b'a: \xff')
    with pytest.raises(DocumentError):
        read_text(path)
    with pytest.raises(ConfigurationError, match=r'cannot read .*'):
        read_yaml(path)


@pytest.mark.parametrize('text', ['[' * 100_000, '9' * 400, f'{{"a": {"9" * 5000}}}', '', 'x',
                                  '[' * 70 + ']' * 70, '{"a": 1', '"\\ud800"x'])
def test_malformed_json_is_a_short_line(text):
    with pytest.raises(DocumentError) as error:
        parse_json(text)
    assert len(str(error.value)) < LONGEST


def test_lines_are_numbered_and_bounded(tmp_path, monkeypatch):
    path = tmp_path / 'lines.jsonl'
    path.write_text('a\n\nb\n')
    assert list(read_lines(path)) == [(1, 'a\n'), (3, 'b\n')]
    monkeypatch.setattr(limits, 'JSON_BYTES', 10)
    path.write_text('a\n' + 'b' * 100 + '\n')
    with pytest.raises(DocumentError, match='longer') as error:
        list(read_lines(path))
    assert error.value.line == 2


def test_an_alias_bomb_ends_in_little_memory(tmp_path):
    path = tmp_path / 'bomb.yaml'
    path.write_text(BOMBS['aliases of texts'])
    done = subprocess.run(
        ['bash', '-c', f'ulimit -v 3000000; exec {sys.executable} -m ros_animate robots check '
                       f'{path}'], capture_output=True, text=True, timeout=60)
    out = done.stdout + done.stderr
    assert done.returncode not in (0, 137) and len(out) < 2000 and 'Traceback' not in out, out


@pytest.mark.parametrize('value', [1, -3, 'a', 'a\nb', b'x', 1.5, True, None, [], (), {}, set(),
                                   [1, 'a'], (1,), {'a': [1, {'b': 2}]}, {3}, frozenset({1})])
def test_small_values_are_shown_as_they_are(value):
    assert shown(value) == repr(value) or isinstance(value, frozenset)


def test_the_time_to_show_a_value_does_not_depend_on_its_size():
    tree, chain, ring = [1] * 10, {}, []
    for _ in range(30):
        tree = [tree] * 10
    for _ in range(5000):
        chain = {1: chain}
    ring.append(ring)
    start_s = time.perf_counter()
    for value in (tree, chain, ring, 10 ** 5000, -10 ** 400, 'x' * 10 ** 7, [1] * 10 ** 6,
                  dict.fromkeys(range(10 ** 6)), b'\0' * 10 ** 7):
        assert len(shown(value)) <= limits.SHOWN_LENGTH + 1
    assert time.perf_counter() - start_s < 2.0


@given(st.text(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_a_cut_text_is_one_short_line(text):
    assert len(cut(text)) <= limits.SHOWN_LENGTH + 1 and len(cut(text).splitlines()) <= 1


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(max_size=8) | st.integers() | st.dates() | st.none(), inner, max_size=4),
    max_leaves=12)
_keys = st.sampled_from(['name', 'title', 'transport', 'groups', 'controls', 'coupled', 'rig',
                         'face', 'options', 'robot', 'mirror', 'motion', 'hardware', 'plugin'])
_scraps = st.lists(st.sampled_from(
    ['a', ': ', '- ', '\n', '  ', '[', ']', '{', '}', '&a ', '*a', '<<: ', '!!int ', '!!set ',
     '!!omap ', '!!float ', '!!binary ', '? ', '"', "'", '|', '>', '%', '@', '0x', '1', '2020-13-1',
     '.inf', '.nan', '~', '#', ',', '---', '...', '\t', '\u2028', '1:2', 'name: ', 'controls: ',
     '!!timestamp ', '!!bool ', '!!pairs ', '= ', '1e999', '!', '!<x> ', '\\', '\ufeff']),
    max_size=25).map(''.join)


def _check_any_robot(text, path):
    path.write_text(text, encoding='utf-8')
    spec, mistakes = check_spec(path, sections=True)
    assert (spec is None) == bool(mistakes)
    assert all(len(mistake) < 5000 for mistake in mistakes)
    for read in (lambda: load_settings([path]), lambda: parse_assignment(f'a={text}')):
        try:
            read()
        except ConfigurationError as error:
            assert len(str(error)) < 5000


def _places(tree, path=()):
    """Paths of all values in a tree of mappings and lists."""
    yield path
    items = tree.items() if isinstance(tree, dict) else (
        enumerate(tree) if isinstance(tree, list) else ())
    for key, value in items:
        yield from _places(value, (*path, key))


_ROBOT = """
name: head
title: A head
transport: mock
groups: {lid: {max_velocity: 450, max_acceleration: 14000, jitter: 0.6}}
controls:
- {name: Lid, range: [0, 45], neutral: 32, park: 0, unit: deg, group: lid, joint: lid}
- {name: Eye, range: [-20, 20], neutral: 0, unit: deg, group: lid, max_velocity: 3}
coupled: [{limiting: {Eye: 1}, limited: Lid, side: upper, map: [[-20, 26], [0, 45]]}]
rig: {baseline: {eyeBlinkLeft: 0.05}, controls: {Lid: {eyeBlinkLeft: -40}}}
face: {appearance: {skin: [214, 196, 150]}, controls: {Lid: {eyelid_upper_left: [0, 1, 2]}}}
options: {}
"""
_PLACES = [path for path in _places(yaml.safe_load(_ROBOT)) if path]


def _with(path, value):
    """The robot file with another value at one place."""
    tree = yaml.safe_load(_ROBOT)
    level = tree
    for key in path[:-1]:
        level = level[key]
    level[path[-1]] = value
    return yaml.safe_dump(tree)


_quick = settings(max_examples=100, deadline=None,
                  suppress_health_check=[HealthCheck.function_scoped_fixture])
_thorough = settings(_quick, max_examples=1500)


@given(text=_scraps | st.dictionaries(_keys, _values, max_size=6).map(
    lambda content: yaml.safe_dump(content, allow_unicode=True)))
@_quick
def test_any_yaml_is_read_or_refused(text, tmp_path):
    _check_any_robot(text, tmp_path / 'any.yaml')


@given(text=st.builds(_with, st.sampled_from(_PLACES), _values))
@_quick
def test_a_robot_file_with_any_value_in_it_is_read_or_refused(text, tmp_path):
    path = tmp_path / 'robot.yaml'
    path.write_text(text)
    spec, mistakes = check_spec(path, sections=True)
    assert (spec is None) == bool(mistakes) and all(len(m) < 5000 for m in mistakes)
    if spec is not None:
        FaceMap(spec)


@pytest.mark.slow
@given(text=_scraps | st.text() | st.dictionaries(_keys, _values, max_size=6).map(
    lambda content: yaml.safe_dump(content, allow_unicode=True)))
@_thorough
def test_any_yaml_is_read_or_refused_at_length(text, tmp_path):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    _check_any_robot(text, tmp_path / 'any.yaml')


@given(text=st.text(max_size=60) | _values.map(lambda v: json.dumps(v, default=str, skipkeys=True)))
@_quick
def test_any_json_is_read_or_refused(text):
    for parse in (parse_json, parse_yaml):
        try:
            parse(text)
        except DocumentError as error:
            assert len(str(error)) < LONGEST
