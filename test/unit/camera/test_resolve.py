"""What a user may call a source."""
import pytest

from ros_animate.camera.base import SourceError
from ros_animate.camera.resolve import resolve


@pytest.mark.parametrize('text, plugin, values', [
    ('device', 'device', {}),
    ('device:1', 'device', {'device': '1'}),
    ('0', 'device', {'device': '0'}),
    ('/dev/video3', 'device', {'device': '/dev/video3'}),
    ('topic:/usb_cam/image_raw', 'topic', {'topic': '/usb_cam/image_raw'}),
    ('tcp://robot:5000', 'zmq_mjpeg', {'address': 'tcp://robot:5000'}),
    ('shots/*.png', 'images', {'path': 'shots/*.png'}),
])
def test_names(text, plugin, values):
    assert resolve(text) == (plugin, values)


def test_files_and_folders(tmp_path):
    for name, plugin in (('a.mp4', 'video'), ('b.JPG', 'images'), ('c', 'video')):
        (tmp_path / name).touch()
        assert resolve(str(tmp_path / name)) == (plugin, {'path': str(tmp_path / name)})
    assert resolve(str(tmp_path)) == ('images', {'path': str(tmp_path)})


def test_a_plugin_wins_over_a_file_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'device').touch()
    assert resolve('device') == ('device', {})
    assert resolve('./device') == ('video', {'path': 'device'})


@pytest.mark.parametrize('text', ['missing.mp4', '', 'topic:', 'nowhere/at/all'])
def test_anything_else_is_refused_by_name(text):
    with pytest.raises(SourceError, match='topic' if text == 'topic:' else repr(text)):
        resolve(text)
