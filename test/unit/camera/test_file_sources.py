"""The contract of sources, on every source that ends or can be started over."""
import re
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.camera.base import SourceError
from ros_animate.camera.sources.images import natural_key
from ros_animate.plugins import load


@pytest.fixture(params=['video', 'images', 'demo'])
def source_and_count(request, video_file, image_folder):
    """Name, options and number of frames of each source that has an end."""
    options, count = {'video': ({'path': str(video_file)}, 10),
                      'images': ({'path': str(image_folder)}, 12),
                      'demo': ({'fps': 1.0, 'size': 64}, 16)}[request.param]
    return request.param, options, count


def read_all(source, limit=100):
    frames = []
    while len(frames) < limit and (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def test_gives_every_frame_once(source_and_count):
    name, values, count = source_and_count
    with load('camera', name, values) as source:
        assert source.frame_count == count
        frames = read_all(source)
        assert source.read() is None
    assert len(frames) == count
    assert all(frame.image.shape == frames[0].image.shape for frame in frames)


@pytest.mark.parametrize('name', ['video', 'images'])
def test_images_come_in_order_as_rgb(name, video_file, image_folder, numbered):
    path = {'video': video_file, 'images': image_folder}[name]
    with load('camera', name, {'path': str(path)}) as source:
        for index, frame in enumerate(read_all(source)):
            # RGB: blue is the last channel.
            np.testing.assert_allclose(frame.image[24, 32], numbered(index)[0, 0, ::-1], atol=12)


def test_stamps_are_media_time(source_and_count):
    name, values, count = source_and_count
    with load('camera', name, values) as source:
        stamps = [f.stamp_s for f in read_all(source)]
        np.testing.assert_allclose(stamps, np.arange(count) / source.fps, atol=1e-3)
    assert stamps[0] == 0.0


def test_reset_starts_over(source_and_count):
    name, values, _ = source_and_count
    with load('camera', name, values) as source:
        first = source.read()
        source.read()
        source.reset()
        again = source.read()
    assert again.stamp_s == first.stamp_s
    np.testing.assert_array_equal(again.image, first.image)


def test_a_loop_has_no_end_and_stamps_increase(source_and_count):
    name, values, count = source_and_count
    with load('camera', name, {**values, 'loop': True}) as source:
        assert source.frame_count is None
        frames = read_all(source, limit=2 * count + 3)
    assert len(frames) == 2 * count + 3
    assert (np.diff([f.stamp_s for f in frames]) > 0).all()
    np.testing.assert_array_equal(frames[0].image, frames[count].image)


def test_close_twice_then_read_is_an_error(source_and_count):
    name, values, _ = source_and_count
    source = load('camera', name, values)
    with source:
        source.read()
    source.close()
    with pytest.raises(SourceError, match='not open'):
        source.read()


@pytest.mark.parametrize('name', ['video', 'images'])
def test_a_missing_path_is_named(name, tmp_path):
    source = load('camera', name, {'path': str(tmp_path / 'missing_one')})
    with pytest.raises(SourceError, match='missing_one'):
        source.open()


@pytest.mark.parametrize('content, message', [(b'', 'empty'), (b'this is no video', 'as a video')])
def test_a_file_that_is_no_video_is_named(content, message, tmp_path):
    path = tmp_path / 'broken.mp4'
    path.write_bytes(content)
    with pytest.raises(SourceError, match=f'broken.mp4.*{message}'):
        load('camera', 'video', {'path': str(path)}).open()


def test_a_truncated_video_ends_early(tmp_path, numbered):
    images = [cv2.imencode('.jpg', numbered(index))[1].tobytes() for index in range(10)]
    path = tmp_path / 'cut.mjpeg'
    path.write_bytes(b''.join(images)[:len(b''.join(images)) * 6 // 10])
    with load('camera', 'video', {'path': str(path)}) as source:
        assert 1 <= len(read_all(source)) < 10


@pytest.mark.parametrize('suffix, fps', [('.mp4', 25.0), ('.avi', 2.0), ('.mp4', 0.5)])
def test_a_video_that_holds_less_than_claimed_is_named(suffix, fps, tmp_path, write_video, caplog):
    path = tmp_path / f'v{suffix}'
    index_first(write_video(tmp_path / f'made{suffix}', 12, fps), path)
    caplog.clear()
    with load('camera', 'video', {'path': str(path)}) as source:
        assert len(read_all(source)) == 12
    assert not caplog.records
    content = path.read_bytes()
    path.write_bytes(content[:content.rindex(b'idx1' if suffix == '.avi' else b'') - 300])
    with load('camera', 'video', {'path': str(path), 'loop': True}) as source:
        read_all(source, limit=30)
    assert len(caplog.records) == 1
    assert re.search(rf'v{suffix} is incomplete: it holds [0-9]+ of the 12 images',
                     caplog.records[0].getMessage())


@pytest.mark.parametrize('fps', [12.5, 60.0])
def test_a_video_reports_its_rate(fps, tmp_path, write_video):
    with load('camera', 'video', {'path': str(write_video(tmp_path / 'v.mp4', 5, fps))}) as source:
        assert source.fps == pytest.approx(fps)


def test_a_video_is_turned_upright(video_file, tmp_path):
    turned = tmp_path / 'turned.mp4'
    turned.write_bytes(rotated_90(video_file.read_bytes()))
    with load('camera', 'video', {'path': str(turned)}) as source:
        assert source.read().image.shape == (64, 48, 3)


def index_first(video, path):
    """Copies a video into a file whose index, if it has one, stands before the images."""
    av = pytest.importorskip('av', reason='PyAV writes the test file')
    with av.open(str(video)) as source, \
            av.open(str(path), 'w', options={'movflags': 'faststart'}) as copy:
        track = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = track
                copy.mux(packet)


def rotated_90(mp4: bytes) -> bytes:
    """The file with the display matrix of its track set to a quarter turn."""
    start = mp4.index(b'tkhd') + 4
    matrix = start + (52 if mp4[start] else 40)
    quarter = struct.pack('>9i', 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    return mp4[:matrix] + quarter + mp4[matrix + 36:]


def test_variable_frame_rate_keeps_the_containers_times(tmp_path, numbered):
    av = pytest.importorskip('av', reason='PyAV writes the test file')
    path, times = tmp_path / 'vfr.mp4', [0, 40, 60, 150, 160, 300]
    from fractions import Fraction
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, 'yuv420p'
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, time_ms in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(index), format='bgr24')
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with load('camera', 'video', {'path': str(path)}) as source:
        stamps = [f.stamp_s for f in read_all(source)]
    np.testing.assert_allclose(stamps, np.array(times) / 1000, atol=2e-3)


def test_images_keep_their_own_sizes_and_become_rgb(tmp_path, numbered):
    cv2.imwrite(str(tmp_path / '1.png'), numbered(1, 20, 10))
    cv2.imwrite(str(tmp_path / '2.jpg'), numbered(2, 33, 44)[..., 0])
    cv2.imwrite(str(tmp_path / '3.png'), np.full((5, 6, 4), 1000, np.uint16))
    with load('camera', 'images', {'path': str(tmp_path)}) as source:
        shapes = [f.image.shape for f in read_all(source)]
    assert shapes == [(10, 20, 3), (44, 33, 3), (5, 6, 3)]


def test_an_unreadable_image_is_named(image_folder):
    (image_folder / 'shot3.png').write_bytes(b'no image')
    with load('camera', 'images', {'path': str(image_folder)}) as source, \
            pytest.raises(SourceError, match=r'shot3\.png'):
        read_all(source)


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(SourceError, match=str(tmp_path)):
        load('camera', 'images', {'path': str(tmp_path)}).open()


def test_a_pattern_and_a_single_image(image_folder):
    for path, count in (('shot1*.png', 3), ('shot7.png', 1)):
        with load('camera', 'images', {'path': str(image_folder / path)}) as source:
            assert len(read_all(source)) == count


@given(st.lists(st.integers(0, 10 ** 6), min_size=1, unique=True))
def test_natural_order_is_the_order_of_the_numbers(numbers):
    names = [f'shot_{n}.png' for n in numbers]
    assert sorted(names, key=natural_key) == [f'shot_{n}.png' for n in sorted(numbers)]


@given(st.lists(st.text(), max_size=20))
def test_natural_order_takes_any_name(names):
    assert sorted(sorted(names, key=natural_key)) == sorted(names)
