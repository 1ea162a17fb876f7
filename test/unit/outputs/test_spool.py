"""Frames of a live run on their way to the writer of files."""
import dataclasses

import cv2
import numpy as np
import pytest
from helpers.full_disk import file_size_limit

from ros_animate.files import WriteError
from ros_animate.outputs.spool import (
    LiveFrame,
    SpoolWriter,
    end_spool,
    read_spool,
    remove_spool,
)


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
    np.testing.assert_allclose(frames[3].driving, frame(3).driving, atol=2)
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
    spool = SpoolWriter(tmp_path / 'spool', max_bytes=20_000)
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


def test_the_images_are_compressed(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    rows, columns = np.mgrid[:480, :640]
    image = np.stack([rows // 2, columns // 3, (rows + columns) // 5], -1).astype(np.uint8)
    spool.put(dataclasses.replace(frame(1), driving=image))
    spool.close()
    size = sum(p.stat().st_size for p in (tmp_path / 'spool').iterdir())
    assert size < 0.05 * image.nbytes
    taken = next(read_spool(tmp_path / 'spool', never))
    assert taken.driving.shape == (480, 640, 3) and taken.animated.shape == (4, 20, 3)
    assert cv2.PSNR(taken.driving, image) > 40


def test_a_writer_that_died_is_no_reason_to_wait(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    spool.put(frame(1))
    end_spool(tmp_path / 'spool')
    end_spool(tmp_path / 'never made')
    assert len(list(read_spool(tmp_path / 'spool', never))) == 1
    assert list(read_spool(tmp_path / 'never made', never)) == []


def test_a_full_disk(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    spool.put(frame(1))
    with file_size_limit(100), pytest.raises(WriteError, match='File too large'):
        spool.put(frame(2))
    spool.close()
    assert len(list(read_spool(tmp_path / 'spool', never))) == 1


def test_nothing_is_left(tmp_path):
    spool = SpoolWriter(tmp_path / 'spool')
    spool.put(frame(1))
    remove_spool(tmp_path / 'spool')
    remove_spool(tmp_path / 'spool')
    assert not (tmp_path / 'spool').exists()
