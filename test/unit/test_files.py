"""Atomic file writes."""
import errno
import os
import pathlib
import pickle
import stat
import threading

import pytest

from ros_animate.files import (
    WriteError,
    atomic_file,
    atomic_path,
    drop_torn_line,
    locked_folder,
    plain_name,
    temporary_path,
    write_atomically,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('content', ['ä\n', b'\xff\x00', ''])
def test_a_file_is_written_and_replaced(tmp_path, content):
    path = tmp_path / 'a.txt'
    path.write_text('a longer text that was there before')
    write_atomically(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert names(tmp_path) == ['a.txt']


@pytest.mark.parametrize('concurrent', [False, True])
@pytest.mark.parametrize('durable', [False, True])
def test_the_file_appears_when_it_is_complete(tmp_path, concurrent, durable):
    path = tmp_path / 'a.bin'
    with atomic_file(path, 'wb', concurrent=concurrent, durable=durable) as file:
        file.write(b'1')
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b'1'
    assert names(tmp_path) == ['a.bin']


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_after_an_error_the_previous_file_is_left(tmp_path, error):
    path = tmp_path / 'a.txt'
    path.write_text('before')
    with pytest.raises(error), atomic_file(path) as file:
        file.write('half')
        raise error
    assert path.read_text() == 'before'
    assert names(tmp_path) == ['a.txt']


def test_nothing_is_left_of_a_temporary_file_that_was_never_made(tmp_path):
    with pytest.raises(WriteError, match=r'a\.txt: No such file'), atomic_path(tmp_path / 'a.txt'):
        pass
    with pytest.raises(WriteError, match='no folder'):
        write_atomically(tmp_path / 'no folder' / 'a.txt', 'text')
    assert names(tmp_path) == []


def test_the_umask_is_respected(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / 'a.txt', 'text')
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / 'a.txt').stat().st_mode) == 0o640


def test_a_file_that_a_killed_process_left_is_in_nobodys_way(tmp_path):
    (tmp_path / '.part.a.txt').write_text('what was written until then')
    write_atomically(tmp_path / 'a.txt', 'text')
    assert names(tmp_path) == ['a.txt']


def test_several_writers_at_once(tmp_path):
    path = tmp_path / 'a.bin'

    def write(number):
        with atomic_file(path, 'wb', concurrent=True) as file:
            file.write(bytes([number]) * 100_000)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = path.read_bytes()
    assert len(content) == 100_000 and len(set(content)) == 1
    assert names(tmp_path) == ['a.bin']


def test_the_temporary_file_has_the_same_suffix(tmp_path):
    """Writers such as matplotlib and OpenCV choose the format by it."""
    with atomic_path(tmp_path / 'plot.png') as temporary:
        assert temporary.suffix == '.png' and temporary.parent == tmp_path
        temporary.touch()


@pytest.mark.parametrize('suffix', ['.csv', '.png'])
@pytest.mark.parametrize('length', [240, 250, 255])
def test_a_name_of_any_length(tmp_path, length, suffix):
    path = tmp_path / ('ä' * 200)[:(length - len(suffix)) // 2]
    path = path.with_name(path.name + suffix)
    write_atomically(path, 'text')
    assert names(tmp_path) == [path.name]
    assert temporary_path(path).suffix == suffix


def test_a_partial_file_is_kept_if_that_is_wanted(tmp_path):
    path = tmp_path / 'a.csv'
    with pytest.raises(ValueError), atomic_file(path, keep_partial=True) as file:
        file.write('row\n')
        file.flush()
        raise ValueError
    assert path.read_text() == 'row\n'
    with pytest.raises(ValueError), atomic_file(path, keep_partial=True):
        raise ValueError
    assert path.read_text() == 'row\n' and names(tmp_path) == ['a.csv']


def test_a_full_disk_is_an_error_with_a_remedy(tmp_path):
    with pytest.raises(WriteError, match=r'a\.txt: No space left.*; free some space') as caught, \
            atomic_path(tmp_path / 'a.txt'):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.errno == errno.ENOSPC
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_pipe_is_written_directly(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    reader = os.open(tmp_path / 'pipe', os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / 'pipe', 'text')
    assert os.read(reader, 10) == b'text'
    os.close(reader)
    assert names(tmp_path) == ['pipe']


@pytest.mark.parametrize('name', [b'12:30.bin', b'J\xfc.bin', b'plain.bin'])
def test_any_name_has_a_plain_one(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = os.fsdecode(name)
    write_atomically(path, b'content')
    with plain_name(path) as plain:
        assert plain.startswith('/') and plain.encode()
        assert pathlib.Path(plain).read_bytes() == b'content'


def test_a_torn_line_is_dropped(tmp_path):
    (tmp_path / 'a.csv').write_text('a\nb\nhal')
    drop_torn_line(tmp_path / 'a.csv')
    drop_torn_line(tmp_path / 'gone.csv')
    assert (tmp_path / 'a.csv').read_text() == 'a\nb\n'


def test_a_second_writer_is_refused(tmp_path):
    with locked_folder(tmp_path, 'run'), \
            pytest.raises(WriteError, match='another run is writing into it'), \
            locked_folder(tmp_path, 'run'):
        pass
    with locked_folder(tmp_path, 'run'):
        pass


@pytest.mark.parametrize('kind', ['link', 'second name'])
def test_what_others_placed_at_the_temporary_name_is_not_written_through(tmp_path, kind):
    victim, path = tmp_path / 'victim', tmp_path / 'out.txt'
    victim.write_text('precious')
    if kind == 'link':
        temporary_path(path).symlink_to(victim)
    else:
        os.link(victim, temporary_path(path))
    write_atomically(path, 'new')
    assert (victim.read_text(), path.read_text()) == ('precious', 'new')
    path.unlink()
    path.symlink_to(victim)
    write_atomically(path, 'newer')
    assert (victim.read_text(), path.read_text()) == ('precious', 'newer')
