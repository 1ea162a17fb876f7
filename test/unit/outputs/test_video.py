"""Video files have every frame, survive errors, and take any image."""
import multiprocessing
import os
import pathlib

import cv2
import numpy as np
import pytest
from helpers.full_disk import file_size_limit
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.errors import UserError
from ros_animate.files import plain_name
from ros_animate.outputs import encoders, video
from ros_animate.outputs.encoders import has_h264
from ros_animate.outputs.panels import fit
from ros_animate.outputs.video import VideoFile, video_size


@pytest.fixture(params=['H264', 'Mpeg4'])
def encoder(request, monkeypatch):
    if request.param == 'H264' and not has_h264():
        pytest.skip('PyAV with an H.264 encoder is not installed')
    monkeypatch.setattr(encoders, 'has_h264', lambda: request.param == 'H264')


def smooth_image(index, height=96, width=128):
    y, x = np.mgrid[:height, :width]
    return np.stack([x + 5 * index, y + 60, 255 - x], -1).clip(0, 255).astype(np.uint8)


def read_frames(path):
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        ok, image = capture.read()
        if not ok:
            return frames
        frames.append(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


@pytest.mark.parametrize('count', [1, 2, 30])
def test_what_is_written_is_read_again(encoder, count, tmp_path):
    path = tmp_path / 'v.mp4'
    with VideoFile(path, 29.97) as file:
        for index in range(count):
            file.write(smooth_image(index))
    frames = read_frames(path)
    assert len(frames) == count
    for index, image in enumerate(frames):
        assert cv2.PSNR(image, smooth_image(index)) > 30
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == pytest.approx(29.97, abs=0.01)


def test_an_error_midway_leaves_a_playable_file(encoder, tmp_path):
    with pytest.raises(KeyboardInterrupt), VideoFile(tmp_path / 'v.mp4', 30) as file:
        for index in range(7):
            file.write(smooth_image(index))
        raise KeyboardInterrupt
    assert len(read_frames(tmp_path / 'v.mp4')) == 7
    assert [p.name for p in tmp_path.iterdir()] == ['v.mp4']


def test_an_earlier_file_stands_until_the_new_one_is_complete(encoder, tmp_path):
    path = tmp_path / 'v.mp4'
    path.write_text('earlier')
    with VideoFile(path, 30) as file:
        file.write(smooth_image(0))
        assert path.read_text() == 'earlier'
    assert len(read_frames(path)) == 1


def test_without_an_image_there_is_no_file(encoder, tmp_path):
    with VideoFile(tmp_path / 'v.mp4', 30):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_that_has_gone_is_a_clear_error(encoder, tmp_path):
    with pytest.raises(UserError, match=r'nowhere.*v\.mp4'), \
            VideoFile(tmp_path / 'nowhere' / 'v.mp4', 30) as file:
        for index in range(20):
            file.write(smooth_image(index))


@pytest.mark.parametrize('shape', [(1, 1), (3, 5), (97, 131), (64, 4000)])
def test_odd_and_extreme_sizes(encoder, shape, tmp_path):
    with VideoFile(tmp_path / 'v.mp4', 30) as file:
        for _ in range(3):
            file.write(np.full((*shape, 3), 90, np.uint8))
    frames = read_frames(tmp_path / 'v.mp4')
    assert len(frames) == 3
    middle = frames[0][frames[0].shape[0] // 2, frames[0].shape[1] // 2, 1]
    assert middle == pytest.approx(90, abs=8)


def test_later_images_are_fitted_into_the_first_size(encoder, tmp_path):
    with VideoFile(tmp_path / 'v.mp4', 30) as file:
        for shape in ((96, 128), (48, 200), (300, 20)):
            file.write(np.full((*shape, 3), 200, np.uint8))
    assert {image.shape for image in read_frames(tmp_path / 'v.mp4')} == {(96, 128, 3)}


sides = st.integers(1, 3000)


@given(sides, sides)
def test_the_size_is_even_and_bounded(width, height):
    size = video_size(np.broadcast_to(np.uint8(0), (height, width, 3)))
    assert all(side % 2 == 0 and 2 <= side <= video.MAX_SIDE for side in size)
    if max(width, height) <= video.MAX_SIDE:
        assert max(abs(size[0] - width), abs(size[1] - height)) <= 1


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 150), st.integers(1, 150))
def test_fit_keeps_the_whole_image_and_its_proportions(width, height, half_w, half_h):
    size = (2 * half_w, 2 * half_h)
    fitted = fit(np.full((height, width, 3), 255, np.uint8), size)
    assert fitted.shape == (size[1], size[0], 3)
    filled = fitted[..., 0] > 0
    inner_w, inner_h = filled.any(0).sum(), filled.any(1).sum()
    scale = min(size[0] / width, size[1] / height)
    assert abs(inner_w - scale * width) <= 2 and abs(inner_h - scale * height) <= 2


def test_a_full_disk_keeps_what_was_written(tmp_path):
    path = tmp_path / 'v.mp4'
    rng = np.random.default_rng(0)
    with file_size_limit(300_000), \
            pytest.raises(UserError, match=r'v\.mp4: File too large; the limit'), \
            VideoFile(path, 30) as file:
        for _ in range(40):
            file.write(rng.integers(0, 255, (96, 128, 3), np.uint8))
    assert 2 <= len(read_frames(path)) < 40
    assert path.stat().st_size <= 300_000
    assert [p.name for p in tmp_path.iterdir()] == ['v.mp4']


@pytest.mark.parametrize('missing', [1, 300, 700, 1500])
def test_an_end_that_does_not_fit(tmp_path, missing):
    def write(path):
        with VideoFile(path, 30) as file:
            for index in range(5):
                file.write(smooth_image(index))
    write(tmp_path / 'whole.mp4')
    with file_size_limit((tmp_path / 'whole.mp4').stat().st_size - missing), \
            pytest.raises(UserError, match='File too large'):
        write(tmp_path / 'v.mp4')
    assert len(read_frames(tmp_path / 'v.mp4')) >= 3


def test_a_killed_process_leaves_a_playable_file(tmp_path):
    process = multiprocessing.get_context('spawn').Process(target=_write_for_ever, args=(tmp_path,))
    process.start()
    left = tmp_path / '.part.v.mp4'
    while not left.exists() or len(read_frames(left)) < 3:
        assert process.is_alive()
    process.kill()
    process.join()
    assert len(read_frames(left)) >= 3


def _write_for_ever(folder):
    with VideoFile(folder / 'v.mp4', 30) as file:
        while True:
            file.write(smooth_image(0))


def test_an_encoder_that_fails_in_any_way_does_not_block_the_writer(tmp_path, monkeypatch):
    class Broken(encoders.Encoder):
        def write(self, image, stamp_s):
            raise RuntimeError('out of order')

        def __exit__(self, *_):
            pass
    monkeypatch.setattr(video, 'make_encoder', lambda *_: Broken())
    with pytest.raises(UserError, match='out of order'), VideoFile(tmp_path / 'v.mp4', 30) as file:
        for index in range(30):
            file.write(smooth_image(index))


@pytest.mark.parametrize('name', [b'12:30.mp4', b'J\xfc.mp4', 'ä'.encode() * 125 + b'.mp4',
                                  b'%d.mp4', b'-x.mp4', b'a b.mp4'])
def test_any_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = pathlib.Path(os.fsdecode(name))
    with VideoFile(path, 30) as file:
        file.write(smooth_image(0))
    with plain_name(path) as plain:
        assert len(read_frames(plain)) == 1


def test_without_pyav_a_name_that_is_not_utf_8_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(encoders, 'has_h264', lambda: False)
    with pytest.raises(UserError, match='not UTF-8'), \
            VideoFile(tmp_path / os.fsdecode(b'J\xfc.mp4'), 30) as file:
        file.write(smooth_image(0))
