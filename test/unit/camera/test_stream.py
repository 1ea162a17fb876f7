"""Cameras in the network, served by real processes: the newest image, failure, return, secrets."""
from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import stream_server
from helpers.stream_server import SIZE, number_of

from ros_animate.camera.base import SourceError
from ros_animate.camera.resolve import resolve
from ros_animate.camera.stream_address import shown_address
from ros_animate.configuration import ConfigurationError
from ros_animate.plugins import load

pytest.importorskip('av')
KINDS = {'mjpeg': 'http://127.0.0.1:{}/video', 'hls': 'http://127.0.0.1:{}/live.m3u8',
         'rtsp': 'rtsp://$TEST_CAMERA_LOGIN@127.0.0.1:{}/stream',
         'udp': 'udp://127.0.0.1:{}'}


@contextlib.contextmanager
def server(kind):
    """(address, process) of a camera."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(('127.0.0.1', 0))
        port = udp.getsockname()[1]
    helpers = pathlib.Path(stream_server.__file__).parent.parent
    process = subprocess.Popen(
        [sys.executable, '-m', 'helpers.stream_server', kind, str(port)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=helpers,
        env={**os.environ, 'OMP_NUM_THREADS': '1'})
    try:
        yield KINDS[kind].format(process.stdout.readline().strip()), process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(autouse=True)
def login(monkeypatch):
    monkeypatch.setenv('TEST_CAMERA_LOGIN', stream_server.USER)


def stream(url, timeout_s=20.0):
    return load('camera', 'stream', {'url': url, 'timeout_s': timeout_s})


@pytest.mark.parametrize('kind', KINDS)
def test_images_come_in_order_and_a_slow_reader_gets_the_newest(kind):
    with server(kind) as (url, _), stream(url) as source:
        first = [source.read() for _ in range(4)]
        assert all(frame.image.shape == (SIZE[1], SIZE[0], 3) for frame in first)
        assert np.all(np.diff([frame.stamp_s for frame in first]) > 0)
        before = number_of(source.read().image)
        # A queue would give the next image; wait until others have come.
        decoder, turn = source._decoder, (SIZE[0] - 20) // stream_server.STEP
        deadline_s = time.monotonic() + 20
        while (newest := decoder._newest) is None or (
                number_of(newest[0]) - before) % turn < 4:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        assert (number_of(source.read().image) - before) % turn >= 4


def test_a_server_that_goes_is_an_error_and_one_that_comes_back_is_read():
    with server('mjpeg') as (url, process):
        source = stream(url)
        source.open()
        assert source.read() is not None
        process.kill()
        with pytest.raises(SourceError, match='has failed'):
            while True:
                source.read()
    with pytest.raises(SourceError, match='cannot open the stream http://127'):
        source.open()
    with server('mjpeg') as (url, _), stream(url) as again:
        assert again.read() is not None


def test_a_silent_server_is_an_error_after_the_timeout():
    with socket.create_server(('127.0.0.1', 0)) as silent:
        source = stream(f'http://127.0.0.1:{silent.getsockname()[1]}/', 0.5)
        with pytest.raises(SourceError):
            source.open()


def test_a_wrong_password_is_an_error_that_does_not_show_it(monkeypatch):
    monkeypatch.setenv('TEST_CAMERA_LOGIN', 'someone:wrongsecret')
    with server('rtsp') as (url, _), pytest.raises(SourceError) as error:
        stream(url).open()
    assert 'wrongsecret' not in str(error.value) and '127.0.0.1' in str(error.value)


@pytest.mark.parametrize(('url', 'shown'), [
    ('rtsp://me:pass@camera:554/a/b?token=pass#pass', 'rtsp://camera:554/a/b'),
    ('http://me:p@ss@camera/x', 'http://camera/x'), ('rtsp://me:pa/pass@camera/x', 'rtsp://…'),
    ('udp://127.0.0.1:5000', 'udp://127.0.0.1:5000'), ('http://[pass', 'http://…')])
def test_addresses_are_shown_without_secrets(url, shown):
    assert shown_address(url) == shown and 'pass' not in shown_address(url)


def test_addresses_of_streams_are_sources():
    for url in ('rtsp://c/x', 'http://c/x', 'https://c/x.m3u8', 'udp://0.0.0.0:5000'):
        assert resolve(url) == ('stream', {'url': url})


def test_other_protocols_are_refused_without_secrets():
    with pytest.raises(ConfigurationError, match='expected one of') as error:
        stream('ftp://me:secret@host/x')
    assert 'secret' not in str(error.value)


def test_a_playlist_opens_no_file_of_this_machine(tmp_path):
    (tmp_path / 'evil.m3u8').write_text('#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n')
    process = subprocess.Popen([sys.executable, '-m', 'http.server', '--bind', '127.0.0.1', '0'],
                               cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, env={**os.environ, 'PYTHONUNBUFFERED': '1'})
    try:
        port = process.stdout.readline().split('port ')[1].split()[0]
        with pytest.raises(SourceError):
            stream(f'http://127.0.0.1:{port}/evil.m3u8', 2.0).open()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
