"""Frames of a live run on their way to the writer of files."""
import numpy as np
import pytest

from ros_animate.evaluation.spool import (
    LiveFrame,
    SpoolWriter,
    compress,
    decompress,
    read_spool,
    remove_spool,
)


def frame(index, size=10):
    positions = np.arange(6.0).reshape(2, 3) + index
    return LiveFrame(float(index), index + 1.0, bytes([index]) * size, b'',
                     np.array([index + 0.2, index + 0.6]), positions)


def never():
    return False


def test_what_goes_in_comes_out_in_order(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    for index in range(5):
        spool.put(frame(index))
    spool.close()
    frames = list(read_spool(tmp_path / 'spool', never))
    assert [f.stamp_s for f in frames] == [0, 1, 2, 3, 4]
    assert frames[3].driving == bytes([3]) * 10 and frames[3].animated == b''
    np.testing.assert_array_equal(frames[3].positions, frame(3).positions)
    assert spool.lost == 0


def test_the_reader_waits_for_a_writer_that_comes_later(tmp_path):
    folder = tmp_path / 'spool'
    asked = []

    def write_when_asked():
        asked.append(1)
        if len(asked) == 2:
            spool = SpoolWriter(folder)
            spool.put(frame(7))
            spool.close()
        return False
    assert [f.stamp_s for f in read_spool(folder, write_when_asked)] == [7]


def test_the_reader_can_be_stopped(tmp_path):
    SpoolWriter(tmp_path / 'spool')
    assert list(read_spool(tmp_path / 'spool', lambda: True)) == []


def test_a_full_spool_loses_frames_and_counts_them(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool', max_bytes=10_000)
    for index in range(20):
        spool.put(frame(index, size=1000))
    kept = 20 - spool.lost
    assert 0 < kept < 20
    reader = read_spool(tmp_path / 'spool', never)
    for _ in range(3):
        next(reader)
    # Two of them are gone for certain; the third goes when the next is asked for.
    spool.put(frame(20, size=1000))
    spool.close()
    assert [f.stamp_s for f in reader][-1] == 20
    assert sum(p.stat().st_size for p in (tmp_path / 'spool').iterdir()) <= 10_000


def test_nothing_is_left(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    spool.put(frame(1))
    remove_spool(tmp_path / 'spool')
    remove_spool(tmp_path / 'spool')
    assert not (tmp_path / 'spool').exists()


@pytest.mark.parametrize('size', [(1, 1), (48, 64), (77, 33)])
def test_pictures_survive_compression(size):
    gradient = np.linspace(0, 255, size[1], dtype=np.uint8)
    image = np.broadcast_to(gradient[None, :, None], (*size, 3)).copy()
    image[..., 2] = 40
    again = decompress(compress(image))
    assert again.shape == image.shape
    assert np.abs(again.astype(int) - image).mean() < 6
