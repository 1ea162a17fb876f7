"""Frames of a live run on their way to the writer of files."""
import numpy as np

from ros_animate.outputs.spool import LiveFrame, SpoolWriter, read_spool, remove_spool


def frame(index, size=(10, 20), animated=True):
    positions = np.arange(6.0).reshape(2, 3) + index
    image = np.full((*size, 3), index, np.uint8)
    return LiveFrame(float(index), index + 1.0, image, image[:4] if animated else None,
                     np.array([index + 0.2, index + 0.6]), positions)


def never():
    return False


def test_what_goes_in_comes_out_in_order(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    for index in range(5):
        spool.put(frame(index, animated=index != 3))
    spool.close()
    frames = list(read_spool(tmp_path / 'spool', never))
    assert [f.stamp_s for f in frames] == [0, 1, 2, 3, 4]
    assert frames[3].animated is None and frames[2].animated is not None
    np.testing.assert_array_equal(frames[3].driving, frame(3).driving)
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
    spool = SpoolWriter(tmp_path / 'spool', raw_bytes=10 ** 9, max_bytes=20_000)
    for index in range(20):
        spool.put(frame(index))
    kept = 20 - spool.lost
    assert 0 < kept < 20
    reader = read_spool(tmp_path / 'spool', never)
    for _ in range(3):
        next(reader)
    spool.put(frame(20))
    spool.close()
    assert sum(p.stat().st_size for p in (tmp_path / 'spool').iterdir()) <= 20_000
    assert [f.stamp_s for f in reader][-1] == 20


def test_a_long_spool_is_compressed(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool', raw_bytes=0)
    for index in (100, 101):
        spool.put(frame(index, size=(480, 640)))
    spool.close()
    first, second = (p.stat().st_size for p in sorted((tmp_path / 'spool').glob('*.npz')))
    assert second < 0.1 * first
    frames = list(read_spool(tmp_path / 'spool', never))
    assert frames[1].driving.shape == (480, 640, 3) and frames[1].animated.shape == (4, 640, 3)
    assert np.abs(frames[1].driving.astype(int) - 101).max() <= 2


def test_nothing_is_left(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    spool.put(frame(1))
    remove_spool(tmp_path / 'spool')
    remove_spool(tmp_path / 'spool')
    assert not (tmp_path / 'spool').exists()
