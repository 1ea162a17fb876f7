"""The folder of pairs: layout, going on after a crash, refusals."""
import json

import numpy as np
import pytest
from helpers.collection_helpers import Killed, Numbers, content, lines
from helpers.full_disk import file_size_limit

from ros_animate.collection.collecting import collect
from ros_animate.collection.folder import FolderError, PairFolder
from ros_animate.collection.pairs import Pair
from ros_animate.errors import UserError
from ros_animate.files import WriteError

OPTIONS = {'seed': 1, 'size': 64}


def gather(path, count, workers=1, maker=None, options=None):
    return collect(maker or Numbers(), path, options or OPTIONS, count, workers, quiet=True)


def test_layout_is_that_of_x2c(tmp_path):
    with PairFolder(tmp_path / 'new' / 'data', OPTIONS) as folder:
        folder.add([Pair(b'image', np.array([0.25, -3.0]))])
    text = (tmp_path / 'new' / 'data' / 'metadata.jsonl').read_text()
    assert text == '{"file_name": "images/000000.jpg", "ctrl_value": [0.25, -3.0]}\n'
    assert (tmp_path / 'new' / 'data' / 'images' / '000000.jpg').read_bytes() == b'image'
    assert json.loads((tmp_path / 'new' / 'data' / 'collection.json').read_text()) == OPTIONS


@pytest.mark.parametrize('workers', [1, 2, 3])
@pytest.mark.parametrize('count', [1, 4, 11, 37])
def test_pairs_come_in_order_from_any_number_of_workers(tmp_path, count, workers):
    assert gather(tmp_path, count, workers) == 0
    assert [line['ctrl_value'][0] for line in lines(tmp_path)] == list(range(count))
    for number, line in enumerate(lines(tmp_path)):
        assert (tmp_path / line['file_name']).read_bytes() == b'%d' % number


def test_a_larger_count_adds_and_a_smaller_one_leaves(tmp_path):
    gather(tmp_path / 'a', 6)
    assert gather(tmp_path / 'a', 15) == 6
    gather(tmp_path / 'b', 15)
    assert content(tmp_path / 'a') == content(tmp_path / 'b')
    assert gather(tmp_path / 'a', 3) == 15
    assert len(lines(tmp_path / 'a')) == 15


@pytest.mark.parametrize('torn', range(1, 60, 7))
def test_a_torn_line_is_written_again(tmp_path, torn):
    gather(tmp_path / 'whole', 9)
    gather(tmp_path / 'torn', 9)
    metadata = tmp_path / 'torn' / 'metadata.jsonl'
    metadata.write_bytes(metadata.read_bytes()[:-torn])
    (tmp_path / 'torn' / 'images' / '000008.jpg').write_bytes(b'')
    assert gather(tmp_path / 'torn', 9) == 8
    assert content(tmp_path / 'torn') == content(tmp_path / 'whole')


def test_other_options_are_refused_by_name(tmp_path):
    gather(tmp_path, 3)
    before = content(tmp_path)
    with pytest.raises(FolderError, match='seed 1, not 2'):
        gather(tmp_path, 9, options={**OPTIONS, 'seed': 2})
    assert content(tmp_path) == before


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / 'thesis.tex').write_text('x')
    with pytest.raises(FolderError, match='something else'):
        gather(tmp_path, 3)
    with pytest.raises(FolderError, match='is a file'):
        gather(tmp_path / 'thesis.tex', 3)


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(WriteError, match='cannot write /proc/nothing'):
        PairFolder(type(tmp_path)('/proc/nothing'), OPTIONS)
    (tmp_path / 'collection.json').write_text('{')
    with pytest.raises(FolderError, match=r'cannot read .*collection\.json'):
        gather(tmp_path, 3)


def test_one_collection_at_a_time(tmp_path):
    with PairFolder(tmp_path, OPTIONS), pytest.raises(WriteError, match='another collection'):
        gather(tmp_path, 3)
    assert gather(tmp_path, 3) == 0


def test_a_killed_worker_is_no_traceback_and_loses_nothing(tmp_path):
    with pytest.raises(UserError, match='worker was killed'):
        gather(tmp_path / 'a', 20, 2, Killed())
    gather(tmp_path / 'a', 20, 2)
    gather(tmp_path / 'b', 20, 1)
    assert content(tmp_path / 'a') == content(tmp_path / 'b')


def test_a_full_disk_leaves_a_valid_folder(tmp_path):
    pairs = [Pair(b'image', np.arange(30.0)) for _ in range(10)]
    with PairFolder(tmp_path, OPTIONS) as folder:
        folder.add(pairs)
        with file_size_limit((tmp_path / 'metadata.jsonl').stat().st_size + 100), \
                pytest.raises(WriteError, match='File too large'):
            folder.add(pairs)
    assert len(lines(tmp_path)) == 10
    with PairFolder(tmp_path, OPTIONS) as folder:
        assert folder.count == 10
        folder.add(pairs)
    assert len(lines(tmp_path)) == 20
