"""Folders of pairs: what is in them, and that every mistake is named by file and line."""
from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from helpers.pair_folders import SPEC, make_folder, read_lines, write_lines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ros_animate.robot.descriptions import load_spec
from ros_animate.training.animation.layouts import read_layout
from ros_animate.training.core.pair_folder import DataError, is_held_back, read_folder

VALUES = SPEC.neutral.tolist()
_SERVO_HEAD = load_spec('servo_head')


def test_pairs_in_their_order(tmp_path):
    path = make_folder(tmp_path / 'a', 5)
    folder = read_folder(path, SPEC)
    assert [pair.image.name for pair in folder.pairs] == [f'{i}.png' for i in range(5)]
    np.testing.assert_allclose(folder.values, [line['ctrl_value'] for line in read_lines(path)])


def test_values_are_kept_in_range(tmp_path):
    path = make_folder(tmp_path / 'a', 1)
    write_lines(path, [{'file_name': '0.png', 'ctrl_value': [1e3] * len(VALUES)}])
    np.testing.assert_array_equal(read_folder(path, SPEC).values[0], SPEC.high)


def test_landmarks_may_be_known(tmp_path):
    path = make_folder(tmp_path / 'a', 2, landmarks=True)
    lines = read_lines(path)
    write_lines(path, [lines[0], {k: v for k, v in lines[1].items() if k != 'landmarks'}])
    known, unknown = read_folder(path, SPEC).pairs
    np.testing.assert_array_equal(known.landmarks, lines[0]['landmarks'])
    assert unknown.landmarks is None


@pytest.mark.parametrize(('line', 'texts'), [
    ('{', ['not JSON']),
    ('[1]', ['expected an object']),
    ({'ctrl_value': VALUES}, ['file_name']),
    ({'file_name': '0.png'}, ['ctrl_value', '30']),
    ({'file_name': '0.png', 'ctrl_value': [0.1, 0.2]}, ['2 numbers', '30']),
    ({'file_name': '0.png', 'ctrl_value': ['a', *VALUES[1:]]}, ['not a finite number']),
    ({'file_name': '0.png', 'ctrl_value': [float('nan'), *VALUES[1:]]}, ['not a finite number']),
    ({'file_name': 'gone.png', 'ctrl_value': VALUES}, ['gone.png', 'is not there']),
    ({'file_name': '0.png', 'ctrl_value': VALUES, 'twin': 'gone.png'}, ['twin', 'gone.png']),
    ({'file_name': '0.png', 'ctrl_value': VALUES, 'landmarks': [[0, 1]]}, ['landmarks', '128']),
    ({'file_name': '0.png', 'ctrl_value': VALUES, 'landmarks': 'eyes'}, ['landmarks', '128']),
    ({'file_name': '0.png', 'ctrl_value': VALUES, 'landmarks': [[0, None]] * 128},
     ['landmarks', '128'])])
def test_mistakes_are_named_by_line(tmp_path, line, texts):
    path = make_folder(tmp_path / 'a', 2)
    write_lines(path, [*read_lines(path), line])
    with pytest.raises(DataError) as error:
        read_folder(path, SPEC)
    for text in ('metadata.jsonl:3', *texts):
        assert text in str(error.value)


def test_folders_without_pairs(tmp_path):
    with pytest.raises(DataError, match='no data folder .*nowhere'):
        read_folder(tmp_path / 'nowhere', SPEC)
    with pytest.raises(DataError, match=r'metadata\.jsonl'):
        read_folder(tmp_path, SPEC)
    write_lines(tmp_path, [])
    with pytest.raises(DataError, match='no pairs'):
        read_folder(tmp_path, SPEC)


def test_the_evaluation_split_depends_on_names_alone(tmp_path):
    one, other = (read_folder(make_folder(tmp_path / name, 40, seed), SPEC).pairs
                  for seed, name in enumerate('ab'))
    held = [is_held_back(pair, 0.3) for pair in one]
    assert held == [is_held_back(pair, 0.3) for pair in other]
    assert 0.1 < np.mean(held) < 0.5
    ordered = read_folder(make_folder(tmp_path / 'c', 40, sequence='clip 1'), SPEC).pairs
    assert len({is_held_back(pair, 0.5) for pair in ordered}) == 1


@pytest.mark.parametrize('kind', ['absolute', 'up', 'link', 'linked folder'])
def test_an_image_outside_the_folder_is_refused(kind, tmp_path):
    outside = tmp_path / 'outside'
    outside.mkdir()
    cv2.imwrite(str(outside / 'a.jpg'), np.zeros((8, 8, 3), np.uint8))
    folder = tmp_path / 'data'
    folder.mkdir()
    (folder / 'link.jpg').symlink_to(outside / 'a.jpg')
    (folder / 'linked').symlink_to(outside)
    name = {'absolute': str(outside / 'a.jpg'), 'up': '../outside/a.jpg', 'link': 'link.jpg',
            'linked folder': 'linked/a.jpg'}[kind]
    spec = _SERVO_HEAD
    line = json.dumps({'file_name': name, 'ctrl_value': [0.0] * len(spec.names)})
    (folder / 'metadata.jsonl').write_text(line + '\n')
    with pytest.raises(DataError, match='lies outside') as error:
        read_folder(folder, spec)
    assert 'metadata.jsonl:1' in str(error.value)
    with pytest.raises(DataError, match='lies outside'):
        read_layout(tmp_path / 'data', 0.1)


def test_a_folder_that_is_a_link_itself_is_read(tmp_path):
    folder = tmp_path / 'data'
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.jpg'), np.zeros((8, 8, 3), np.uint8))
    (folder / 'same.jpg').symlink_to('a.jpg')
    (tmp_path / 'link').symlink_to(folder)
    spec = _SERVO_HEAD
    (folder / 'metadata.jsonl').write_text(''.join(json.dumps(
        {'file_name': name, 'ctrl_value': [0.0] * len(spec.names)}) + '\n'
        for name in ('a.jpg', 'same.jpg')))
    assert len(read_folder(tmp_path / 'link', spec).pairs) == 2


@pytest.mark.parametrize('content', [b'not numpy', b'', b'\x93NUMPY\1\0'])
def test_a_broken_task_embedding_is_named(content, tmp_path):
    folder = tmp_path / 'data'
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.jpg'), np.zeros((8, 8, 3), np.uint8))
    spec = _SERVO_HEAD
    (folder / 'metadata.jsonl').write_text(json.dumps(
        {'file_name': 'a.jpg', 'ctrl_value': [0.0] * len(spec.names)}) + '\n')
    (folder / 'task.npy').write_bytes(content)
    with pytest.raises(DataError, match=r'task\.npy'):
        read_folder(folder, spec)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-10 ** 120, 10 ** 120) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner,
                                                                max_size=3), max_leaves=8)


@given(entry=_json | st.fixed_dictionaries(
    {'file_name': _json | st.just('a.jpg')},
    optional={'ctrl_value': st.lists(_json, min_size=11, max_size=11) | _json
              | st.just([0.0] * 11), 'twin': _json, 'sequence': _json, 'landmarks': _json}))
@settings(max_examples=100, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_line_of_metadata_is_read_or_refused(entry, tmp_path):
    (tmp_path / 'a.jpg').write_bytes(b'')
    (tmp_path / 'metadata.jsonl').write_text(json.dumps(entry) + '\n')
    try:
        folder = read_folder(tmp_path, _SERVO_HEAD)
    except DataError as error:
        assert len(str(error)) < 600 + len(str(tmp_path))
    else:
        assert np.isfinite(folder.values).all()

