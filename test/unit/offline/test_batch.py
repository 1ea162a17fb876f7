"""`retarget --offline --sources`: each source once, failures named, the same on any workers."""
import json
import pathlib

import pytest

from ros_animate import cli
from ros_animate.configuration import ConfigurationError
from ros_animate.offline.sources import find_sources

GREYS = {'one': [100, 140, 90], 'two': [120, 60, 130], 'more/one': [70, 80, 150]}


@pytest.fixture
def videos(make_clip, tmp_path):
    folder = tmp_path / 'videos'
    (folder / 'more').mkdir(parents=True)
    for name, greys in GREYS.items():
        pathlib.Path(make_clip(greys)).rename(folder / f'{name}.mp4')
    (folder / 'notes.md').write_text('Monday')
    return folder


@pytest.fixture
def batch(stubs, stub_config, tmp_path):
    """Function: runs a batch with further arguments; the folder of its results."""
    def run(*arguments, folder='batch', status=0):
        done = cli.main(['retarget', '--offline', '--config', str(stub_config), '--quiet',
                         '--files', 'csv', '--output', str(tmp_path / folder),
                         *map(str, arguments)])
        assert done == status
        return tmp_path / folder
    return run


def log(folder):
    return [json.loads(line) for line in (folder / 'sources.jsonl').read_text().splitlines()]


def tables(folder):
    return {path.parent.name: path.read_bytes() for path in folder.glob('*/controls.csv')}


def names(*places):
    return [(source.name, source.path.name) for source in find_sources(map(str, places))]


def test_sources_are_files_folders_and_lists(videos):
    assert names(videos) == [('more_one', 'one.mp4'), ('one', 'one.mp4'), ('two', 'two.mp4')]
    assert names(videos / 'two.mp4', videos) == [('two', 'two.mp4'), ('more_one', 'one.mp4'),
                                                 ('one', 'one.mp4')]
    (videos / 'list.txt').write_text('# people\n\ntwo.mp4\nmore\n')
    assert names(videos / 'list.txt') == [('two', 'two.mp4'), ('one', 'one.mp4')]


def test_sources_of_one_name_have_folders_of_their_own(videos):
    found = [name for name, _ in names(videos / 'one.mp4', videos / 'more' / 'one.mp4')]
    assert len(set(found)) == 2 and all(name.startswith('one-') for name in found)


@pytest.mark.parametrize(('content', 'message'), [
    ('', 'is empty'), ('none.mp4', 'no file or folder'), (None, 'no file or folder')])
def test_places_without_sources_are_named(tmp_path, content, message):
    place = tmp_path / 'list.txt'
    if content is not None:
        place.write_text(content)
    with pytest.raises(ConfigurationError, match=message):
        find_sources([str(place)])


def test_results_do_not_depend_on_the_workers(batch, videos):
    one, two = (batch('--sources', videos, '--workers', n, folder=f'with{n}') for n in (1, 2))
    assert set(tables(one)) == {'one', 'two', 'more_one'} and tables(two) == tables(one)
    assert log(two) == log(one) and [line['frames'] for line in log(one)] == [3, 3, 3]
    assert not (one / '.work').exists()


def test_failures_are_named_and_tried_again_and_nothing_is_done_twice(batch, videos, capsys):
    whole = (videos / 'two.mp4').read_bytes()
    (videos / 'two.mp4').write_bytes(whole[:300])
    folder = batch('--sources', videos, '--workers', '1', status=1)
    failed, = (line for line in log(folder) if 'error' in line)
    assert failed['source'].endswith('two.mp4') and 'two.mp4' in failed['error']
    before = {path: path.stat().st_mtime_ns for path in folder.glob('*/controls.csv')}
    assert len(before) == 2
    (videos / 'two.mp4').write_bytes(whole)
    batch('--sources', videos, '--workers', '1')
    assert len(log(folder)) == 3 and not any('error' in line for line in log(folder))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert set(tables(folder)) == {'one', 'two', 'more_one'}


def test_another_source_of_a_name_replaces_nothing(batch, videos):
    batch('--sources', videos / 'one.mp4', '--workers', '1')
    folder = batch('--sources', videos / 'more' / 'one.mp4', '--workers', '1')
    assert len(tables(folder)) == 2 and len(log(folder)) == 2


def test_other_options_and_other_folders_are_refused(batch, videos, tmp_path, capsys):
    batch('--sources', videos / 'one.mp4', '--workers', '1', '--limit', '2')
    batch('--sources', videos, '--limit', '3', status=2)
    (tmp_path / 'full').mkdir()
    (tmp_path / 'full' / 'thesis.txt').touch()
    batch('--sources', videos, folder='full', status=2)
    err = capsys.readouterr().err
    assert 'was made with limit 2, not 3' in err and 'something else' in err


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--sources', '.', '--source', 'demo'], '--source is for one source'),
    (['--sources', '.', '--loop'], '--loop is for one source'),
    (['--source', 'demo', '--workers', '2'], 'many sources'),
    (['--source', 'demo', '--cluster', 'local'], 'many sources')])
def test_mistakes_are_one_line(batch, capsys, arguments, message):
    batch(*arguments, status=2)
    err = capsys.readouterr().err
    assert message in err and err.count('\n') == 1
