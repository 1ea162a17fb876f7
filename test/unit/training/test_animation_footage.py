"""Pairs of clips on disk: of one clip, in any order, whatever is broken beside them."""
import logging

import cv2
import numpy as np
import pytest
from helpers.coloured_clips import clip_of, frame, frame_of, write_frames, write_strip, write_video
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.face.virtual import HUMAN, Camera, VirtualFace
from ros_animate.training.animation.data import AnimationData, DataOptions
from ros_animate.training.animation.decoded import thin_out
from ros_animate.training.animation.footage import Footage, random_affine
from ros_animate.training.core.pair_folder import DataError

SIZE = 16


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Five clips of four frames in three forms, two of which are held out."""
    root = tmp_path_factory.mktemp('clips')
    write_video(root / 'train' / 'a.mp4', 0)
    write_frames(root / 'train' / 'b', 1)
    write_strip(root / 'train' / 'c' / 'strip.png', 2)
    write_frames(root / 'test' / 'd', 3)
    write_frames(root / 'test' / 'e', 4)
    return root


def rngs(count=24, seed=0):
    return [np.random.default_rng((seed, k)) for k in range(count)]


def pairs(folder, count=24, seed=0, **options):
    drawn = Footage(folder, SIZE, DataOptions(**options)).draw(rngs(count, seed))
    np.testing.assert_array_equal(drawn.driving, drawn.target)
    return drawn


def test_a_pair_is_two_frames_of_one_clip(folder):
    drawn = pairs(folder)
    assert drawn.source.shape == (24, SIZE, SIZE, 3)
    assert drawn.labels is None
    clips = [clip_of(image) for image in drawn.source]
    assert clips == [clip_of(image) for image in drawn.target]
    assert set(clips) == {0, 1, 2}
    for one, other in zip(drawn.source, drawn.target, strict=True):
        assert frame_of(one) != frame_of(other)
        assert {frame_of(one), frame_of(other)} <= set(range(4))


def test_half_of_the_pairs_run_backwards_and_half_of_the_others_are_mirrored(folder):
    drawn = pairs(folder, 200)
    forwards = np.array([frame_of(a) < frame_of(b)
                         for a, b in zip(drawn.source, drawn.target, strict=True)])
    mirrored = drawn.source[:, 1, -2, 2] > 150
    np.testing.assert_array_equal(mirrored, drawn.target[:, 1, -2, 2] > 150)
    assert 70 < forwards.sum() < 130
    assert not mirrored[~forwards].any()
    assert 0.3 < mirrored[forwards].mean() < 0.7


def test_pairs_run_forwards_unless_they_may_not(folder):
    drawn = pairs(folder, time_flip=False, mirror=False)
    assert all(frame_of(a) < frame_of(b)
               for a, b in zip(drawn.source, drawn.target, strict=True))
    assert (drawn.source[:, 1, -2, 2] < 150).all()


def test_neither_memory_nor_cache_changes_a_pair(folder, tmp_path):
    expected = pairs(folder)
    for options in ({'memory_gb': 0.0}, {'cache': str(tmp_path)}, {'cache': str(tmp_path)}):
        np.testing.assert_array_equal(pairs(folder, **options).source, expected.source)
    assert len(list(tmp_path.glob('clip-*.npy'))) == 3
    for file in tmp_path.glob('clip-*.npy'):
        file.write_bytes(b'half')
    np.testing.assert_array_equal(pairs(folder, cache=str(tmp_path)).source, expected.source)


def test_the_cache_is_read(folder, tmp_path):
    pairs(folder, cache=str(tmp_path))
    for file in tmp_path.glob('clip-*.npy'):
        np.save(file, np.full_like(np.load(file), 77))
    assert (pairs(folder, cache=str(tmp_path)).source == 77).all()


def test_held_out_pairs_are_of_held_out_clips(folder):
    footage = Footage(folder, SIZE, DataOptions())
    one, other = footage.held_out(6), Footage(folder, SIZE, DataOptions(data_seed=3)).held_out(6)
    assert {clip_of(image) for image in one.source} == {3, 4}
    np.testing.assert_array_equal(one.source, other.source)
    np.testing.assert_array_equal(one.target, other.target)


def test_clips_are_whole_and_in_order(folder):
    data = AnimationData([str(folder)], SIZE, DataOptions(clip_frames=2))
    clips = list(data.clips('train'))
    assert [clip.name for clip in clips] == ['a.mp4', 'b', 'c/strip.png']
    for clip in clips:
        assert [frame_of(image) for image in clip.frames] == [0, 1, 2, 3]
    assert [clip.name for clip in data.clips()] == ['d', 'e']


def test_broken_clips_are_skipped_and_named(tmp_path, caplog):
    write_frames(tmp_path / 'train' / 'good', 1)
    write_frames(tmp_path / 'train' / 'short', 2, count=1)
    write_frames(tmp_path / 'test' / 'good', 3)
    for name in ('empty.mp4', 'torn.mp4'):
        (tmp_path / 'train' / name).write_bytes(b'' if name == 'empty.mp4' else b'\0' * 999)
    data = AnimationData([str(tmp_path)], SIZE, DataOptions())
    with caplog.at_level(logging.WARNING):
        batch = data.batch(0, 12)
    image = (255 * batch.source[0]).permute(1, 2, 0).numpy()
    assert image.max() > 0
    assert sorted(reason.partition(':')[0] for reason in data.skipped) == (
        ['empty.mp4', 'short', 'torn.mp4'])
    assert all(name in caplog.text for name in ('empty.mp4', 'short', 'torn.mp4'))
    assert batch.source_labels is None


def test_a_torn_video_gives_the_frames_that_are_left(tmp_path):
    """An MPEG stream that ends early; an MP4 without its index gives none."""
    writer = cv2.VideoWriter(str(tmp_path / 'film.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 25.0,
                             (64, 64))
    rng = np.random.default_rng(0)
    for _ in range(30):
        writer.write(rng.integers(0, 255, (64, 64, 3), np.uint8))
    writer.release()
    whole = (tmp_path / 'film.avi').read_bytes()
    (tmp_path / 'train').mkdir()
    (tmp_path / 'film.avi').unlink()
    (tmp_path / 'train' / 'film.avi').write_bytes(whole[:len(whole) * 2 // 3])
    write_frames(tmp_path / 'test' / 'b', 2)
    [clip] = AnimationData([str(tmp_path)], SIZE, DataOptions()).clips('train')
    assert 2 <= len(clip.frames) < 30


def test_nothing_usable_is_an_error(tmp_path):
    for name in ('a.mp4', 'b.mp4'):
        (tmp_path / name).write_bytes(b'no video')
    with pytest.raises(DataError, match=r'none of 1 clips can be used: [ab]\.mp4'):
        AnimationData([str(tmp_path)], SIZE, DataOptions())


def test_data_sets_are_mixed_by_weight(folder, tmp_path):
    write_frames(tmp_path / 'train' / 'x', 6)
    write_frames(tmp_path / 'test' / 'y', 7)
    plain = {'colour': 0.0, 'hue': 0.0}
    data = AnimationData([str(folder), str(tmp_path)], SIZE,
                         DataOptions(weights=(1.0, 3.0), **plain))
    source = (255 * data.batch(0, 80).source).permute(0, 2, 3, 1).numpy()
    share = np.mean([clip_of(image) == 6 for image in source])
    assert 0.6 < share < 0.9
    held_out = (255 * data.held_out(8).source).permute(0, 2, 3, 1).numpy()
    assert [clip_of(image) for image in held_out] == [3, 4, 7, 7, 7, 7, 7, 7]


def test_the_square_around_the_face_is_cropped(tmp_path):
    """A face at the edge of a wide image comes to the middle; clips without one are left."""
    wide = np.full((320, 640, 3), (40, 60, 160), np.uint8)
    face = VirtualFace(HUMAN, Camera((320, 320), 40.0), background=wide[:, :320].copy())
    for number in range(2):
        wide[:, :320] = face.render({'jaw_open': 0.3 * number})
        for part in ('train', 'test'):
            (tmp_path / part / 'face').mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / part / 'face' / f'{number}.bmp'),
                        cv2.cvtColor(wide, cv2.COLOR_RGB2BGR))
    write_frames(tmp_path / 'train' / 'plain', 1)
    data = AnimationData([str(tmp_path)], 32, DataOptions(face_crop=True))
    [clip] = data.clips('train')
    assert clip.name == 'face'
    skin = np.abs(clip.frames[0].astype(int) - HUMAN.skin).sum(-1) < 90
    columns = np.nonzero(skin)[1]
    assert abs(np.mean(columns) - 15.5) < 3
    assert 8 < np.ptp(columns) < 31
    assert data.skipped == ['plain: no face is found in it']


@given(st.integers(0, 200), st.integers(2, 20))
def test_thinning_leaves_enough_at_equal_distances(count, limit):
    kept = thin_out(iter(range(count)), limit)
    assert len(kept) <= 2 * limit
    assert len(kept) >= min(count, limit)
    assert len(set(np.diff(kept))) <= 1
    assert thin_out(iter(range(count)), None) == list(range(count))


@given(st.integers(0, 1000), st.floats(0, 0.3), st.floats(0, 20))
def test_both_frames_move_alike(seed, zoom, turn):
    image = np.random.default_rng(seed).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    moved = random_affine(np.stack([image, image]), np.random.default_rng(seed), zoom, turn)
    assert moved.shape == (2, SIZE, SIZE, 3)
    np.testing.assert_array_equal(moved[0], moved[1])


def test_nothing_moves_by_nothing():
    image = frame(1, 2)
    moved = random_affine(image[None], np.random.default_rng(0), 0.0, 0.0)
    np.testing.assert_array_equal(moved[0], image)
