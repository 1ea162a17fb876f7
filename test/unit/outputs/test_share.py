"""What a run gives to other programs: takes, images over HTTP, a virtual camera, VMC's robot."""
from __future__ import annotations

import contextlib
import socket
import sys
import types
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest
from helpers.arkit_faces import moving_face, take_text

from ros_animate import cli
from ros_animate.configuration import ConfigurationError
from ros_animate.errors import UserError
from ros_animate.face.streams.take import read_take
from ros_animate.motion.drawn_face import face_motion
from ros_animate.outputs.http_stream import MOST_VIEWERS, HttpStream
from ros_animate.outputs.share import Share, split_address
from ros_animate.outputs.take_file import TakeFile
from ros_animate.outputs.virtual_camera import SIZE, VirtualCamera
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.rig_inverse import RigInverse
from ros_animate.types import Motion

SPEC = load_spec('mock')
FACES = [moving_face(i / 30) for i in range(20)]


@pytest.mark.parametrize('tracker', ['arkit', 'mediapipe'])
def test_a_take_that_was_written_is_read_again(tmp_path, tracker):
    take = TakeFile(tmp_path / 'take.csv', tracker)
    for i, face in enumerate(FACES):
        take.write(i / 30, None if i == 3 else face_motion(face, tracker, i / 30))
    take.close()
    read = read_take(tmp_path / 'take.csv')
    assert read.tracker == tracker and len(read.faces) == 20 and not read.damaged
    assert not read.faces[3].has_face
    assert {n: read.faces[9].expression[n] for n in FACES[9].expression} == pytest.approx(
        FACES[9].expression, abs=1e-6)
    assert read.faces[9].head_deg == pytest.approx(FACES[9].head_deg, abs=1e-3)
    assert read.stamps_s[10] == pytest.approx(10 / 30, abs=2e-3)


def test_an_offline_run_leaves_a_take(tmp_path):
    (tmp_path / 'in.csv').write_text(take_text(FACES[:6], 30.0))
    assert cli.main(['retarget', '--source', str(tmp_path / 'in.csv'), '--offline', '--quiet',
                     '--output', str(tmp_path / 'out.csv'), '--record-take',
                     str(tmp_path / 'again.csv')]) == 0
    again = read_take(tmp_path / 'again.csv')
    assert again.faces[5].expression['browInnerUp'] == pytest.approx(
        FACES[5].expression['browInnerUp'], abs=1e-6)


@pytest.mark.parametrize(('arguments', 'reason'), [
    (['--record-take', 'in.csv'], 'in.csv'), (['--record-take', 'take.txt'], 'CSV'),
    (['--vmc', 'host'], 'HOST'), (['--vmc', '127.0.0.1:39539'], 'leave out --offline'),
    (['--stream', '8080'], 'leave out --offline')])
def test_mistakes_are_one_line(tmp_path, arguments, reason, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'in.csv').write_text(take_text(FACES[:3]))
    assert cli.main(['retarget', '--source', 'in.csv', '--offline', '--output', 'out',
                     *arguments]) == 2
    error = capsys.readouterr().err
    assert reason in error and error.count('\n') == 1


@contextlib.contextmanager
def http_stream():
    stream = HttpStream('127.0.0.1', 0)
    try:
        yield stream
    finally:
        stream.close()


def grey(value):
    return np.full((60, 80, 3), value, np.uint8)


def read_image(response):
    """The next image of an MJPEG stream."""
    while not (line := response.readline()).lower().startswith(b'content-length'):
        assert line
    response.readline()
    return cv2.imdecode(np.frombuffer(response.read(int(line.split()[1])), np.uint8), 1)


def test_every_viewer_gets_the_newest_image():
    with http_stream() as stream:
        assert b'stream.mjpg' in urllib.request.urlopen(stream.address, timeout=20).read()
        stream.show(grey(50))
        for _ in range(2):
            with urllib.request.urlopen(stream.address + 'stream.mjpg', timeout=20) as viewer:
                assert abs(int(read_image(viewer).mean()) - 50) < 3
                stream.show(grey(200))
                assert abs(int(read_image(viewer).mean()) - 200) < 3
                stream.show(grey(50))


def test_viewers_are_limited_and_other_paths_refused():
    with http_stream() as stream, contextlib.ExitStack() as stack:
        stream.show(grey(9))
        for _ in range(MOST_VIEWERS):
            viewer = stack.enter_context(
                urllib.request.urlopen(stream.address + 'stream.mjpg', timeout=20))
            read_image(viewer)
        for path, status in (('stream.mjpg', 503), ('etc/passwd', 404)):
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(stream.address + path, timeout=20)
            assert error.value.code == status


def test_a_port_that_is_taken_is_named():
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f'127.0.0.1:{port}'):
            HttpStream('127.0.0.1', port)


def test_without_the_kernel_module_the_remedy_is_named(monkeypatch):
    def camera(*_, **__):
        raise RuntimeError('no device')
    monkeypatch.setitem(sys.modules, 'pyvirtualcam', types.SimpleNamespace(Camera=camera))
    monkeypatch.setattr('ros_animate.outputs.virtual_camera.require', lambda _: None)
    with pytest.raises(UserError, match='modprobe v4l2loopback'):
        VirtualCamera()


def test_a_virtual_camera_gets_whole_images_of_its_size(monkeypatch):
    sent = []
    fake = types.SimpleNamespace(device='/dev/video9', send=sent.append, close=lambda: None)
    monkeypatch.setitem(sys.modules, 'pyvirtualcam',
                        types.SimpleNamespace(Camera=lambda *a, **k: fake))
    monkeypatch.setattr('ros_animate.outputs.virtual_camera.require', lambda _: None)
    camera = VirtualCamera('/dev/video9')
    camera.show(grey(100))
    camera.close()
    assert camera.device == '/dev/video9'
    assert sent[0].shape == (SIZE[1], SIZE[0], 3) and sent[0][360, 640, 0] == 100


def test_addresses():
    assert split_address('8080', '127.0.0.1', 'stream') == ('127.0.0.1', 8080)
    assert split_address('0.0.0.0:80', '127.0.0.1', 'stream') == ('0.0.0.0', 80)
    assert not Share() and Share(stream='8080')
    for wrong in ('host', 'host:', '1:99999', ':x'):
        with pytest.raises(ConfigurationError, match='PORT'):
            Share(vmc=wrong)


@pytest.mark.parametrize('shapes', [
    {'jawOpen': 0.6}, {'browInnerUp': 0.5}, {'mouthSmileLeft': 0.6, 'mouthSmileRight': 0.6},
    {'eyeBlinkLeft': 0.8}], ids=str)
def test_the_robots_expression_is_read_off_its_controls(shapes):
    policy = load('policy', 'blendshape_map', {'adapt_s': 0.0}, SPEC)
    relaxed = dict(SPEC.rig['baseline'])
    chunk = policy.act(Motion('mediapipe', 0.0, expression={
        name: relaxed.get(name, 0.0) + value for name, value in shapes.items()} | {
        name: value for name, value in relaxed.items() if name not in shapes}))
    expression, head = RigInverse(SPEC).expression(chunk.values[0])
    strongest = sorted(expression, key=expression.get)[-len(shapes):]
    assert set(strongest) == set(shapes) and np.abs(head).max() < 1e-6
    neutral, _ = RigInverse(SPEC).expression(SPEC.neutral)
    assert max(neutral.values()) < 1e-9
