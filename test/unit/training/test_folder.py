"""Folders of pairs: what is in them, and that every mistake is named by file and line."""
from __future__ import annotations

import numpy as np
import pytest
from helpers.pair_folders import SPEC, make_folder, read_lines, write_lines

from ros_animate.training.core.pair_folder import DataError, is_held_back, read_folder

VALUES = SPEC.neutral.tolist()


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
