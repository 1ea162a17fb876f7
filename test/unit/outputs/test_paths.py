"""Output paths are checked before the work begins."""
import os
import pathlib

import pytest

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import UserError
from ros_animate.files import temporary_path
from ros_animate.outputs.paths import (
    expand,
    input_files,
    make_folder,
    output_file,
    refuse_overwriting_inputs,
)


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / 'clip.mp4'
    path.write_bytes(b'a clip')
    return path


def test_a_file_in_a_new_folder(tmp_path):
    path = output_file(tmp_path / 'a' / 'b' / 'v.mp4')
    assert path == tmp_path / 'a' / 'b' / 'v.mp4'
    assert list(path.parent.iterdir()) == []


def test_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert output_file('~/v.mp4') == tmp_path / 'v.mp4'
    assert make_folder('~/x') == tmp_path / 'x'
    with pytest.raises(ConfigurationError, match='no such home folder'):
        expand('~nobody-of-this-name/x')


@pytest.mark.parametrize('path, message', [
    ('folder', 'it is a folder'), ('folder/', 'it is a folder'), ('new/', 'it is a folder'),
    ('file/v.mp4', 'it is a file'), ('file/deeper/v.mp4', 'Not a dir|File exists|is a file'),
    ('n' * 256, 'File name too long'), ('/proc/v.mp4', '/proc')])
def test_a_file_that_cannot_be_written(tmp_path, path, message):
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=message):
        output_file(os.path.join(tmp_path, path))


@pytest.mark.parametrize('path, message', [('file', 'it is a file'), ('n' * 300, 'too long')])
def test_a_folder_that_cannot_be_written(tmp_path, path, message):
    (tmp_path / 'file').touch()
    with pytest.raises(ConfigurationError, match=message):
        make_folder(tmp_path / path)
    with pytest.raises(ConfigurationError, match='empty name'):
        make_folder('')


def test_a_device_is_an_output():
    assert output_file('/dev/stdout') == pathlib.Path('/dev/stdout')


def test_other_names_for_the_input_are_refused(tmp_path, clip, monkeypatch):
    (tmp_path / 'link.mp4').symlink_to(clip)
    (tmp_path / 'hard.mp4').hardlink_to(clip)
    (tmp_path / 'folder').symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    for output in ('clip.mp4', './clip.mp4', clip, 'link.mp4', 'hard.mp4', 'folder/clip.mp4'):
        with pytest.raises(ConfigurationError, match='would replace the input'):
            refuse_overwriting_inputs([output], [clip])
        with pytest.raises(ConfigurationError, match='would replace the input'):
            refuse_overwriting_inputs(['new.mp4', output], ['gone.mp4', 'link.mp4'])
    refuse_overwriting_inputs(['other.mp4'], [clip, 'gone.mp4'])


def test_a_file_system_that_ignores_case(tmp_path, clip, monkeypatch):
    """There the output's name leads to the input's file, as a hard link does here."""
    (tmp_path / 'CLIP.mp4').hardlink_to(clip)
    with pytest.raises(ConfigurationError, match='would replace'):
        refuse_overwriting_inputs([tmp_path / 'CLIP.mp4'], [clip])


def test_the_temporary_file_of_an_output_may_be_the_input(tmp_path):
    """A killed run leaves one, which can be played."""
    left = temporary_path(tmp_path / 'robot.mp4')
    left.write_bytes(b'frames')
    with pytest.raises(ConfigurationError, match=r'robot\.mp4 would replace the input'):
        refuse_overwriting_inputs([tmp_path / 'robot.mp4'], [left])


def test_two_outputs_of_one_name(tmp_path):
    with pytest.raises(ConfigurationError, match='two outputs'):
        refuse_overwriting_inputs([tmp_path / 'a.mp4', tmp_path / 'x' / '..' / 'a.mp4'], [])


def test_devices_are_not_compared():
    refuse_overwriting_inputs(['/dev/null'], ['/dev/null'])


def test_the_files_of_a_folder_and_of_a_pattern(tmp_path, clip):
    (tmp_path / 'a.png').touch()
    (tmp_path / 'folder').mkdir()
    assert sorted(p.name for p in input_files(tmp_path)) == ['a.png', 'clip.mp4']
    assert [p.name for p in input_files(tmp_path / '*.png')] == ['a.png']
    assert [p.name for p in input_files(clip)] == ['clip.mp4']
