"""Training on a set of `ros_animate prepare`."""
from __future__ import annotations

import io
import tarfile

import cv2
import numpy as np
import pytest
import torch
from helpers.coloured_clips import clip_of, frame_of
from helpers.prepared_set import FRAMES, make_prepared_set
from helpers.tiny_animation import arguments

from ros_animate.cli import main
from ros_animate.preparation.folder import INDEX
from ros_animate.preparation.shards import ClipIndex
from ros_animate.training.animation.data import AnimationData, DataError, DataOptions
from ros_animate.training.animation.prepared import PreparedClips


@pytest.fixture
def prepared(tmp_path):
    return make_prepared_set(tmp_path / 'set')


def source(folder, **options) -> PreparedClips:
    return PreparedClips(folder, 32, DataOptions(**options))


def test_the_shard_is_a_tar_file(prepared):
    with tarfile.open(prepared / 'train-000000.tar') as shard:
        names = shard.getnames()
        arrays = np.load(io.BytesIO(shard.extractfile('clip-1.npz').read()))
    assert names[:3] == ['clip-0.json', 'clip-0.npz', 'clip-0.000.jpg']
    assert len(names) == 3 * (2 + FRAMES) and arrays['stamps_s'].shape == (FRAMES,)


def test_pairs_are_two_frames_of_one_training_clip(prepared):
    drawn = source(prepared).draw([np.random.default_rng(k) for k in range(60)])
    clips = [clip_of(image) for image in drawn.source]
    assert clips == [clip_of(image) for image in drawn.driving]
    assert all(frame_of(one) != frame_of(other)
               for one, other in zip(drawn.source, drawn.driving, strict=True))
    assert drawn.source.shape == (60, 32, 32, 3) and set(clips) == {0, 1, 2}
    # Identities are drawn first: b has as many pairs with one clip as a with two.
    assert 18 <= clips.count(2) <= 42


def test_pairs_are_mirrored_and_run_backwards(prepared):
    drawn = source(prepared).draw([np.random.default_rng(k) for k in range(60)])
    backwards = [frame_of(one) > frame_of(other)
                 for one, other in zip(drawn.source, drawn.driving, strict=True)]
    mirrored = [bool(image[2, -3].min() > 200) for image in drawn.source]
    assert 18 <= sum(backwards) <= 42 and 5 <= sum(mirrored) <= 25


def test_validation_is_held_out(prepared):
    drawn = source(prepared).held_out(3)
    assert {clip_of(image) for image in drawn.source} == {3}
    clips = list(source(prepared).clips('held_out'))
    assert [clip.name for clip in clips] == ['clip-3']
    assert [frame_of(image) for image in clips[0].frames] == list(range(FRAMES))


def test_batches_depend_on_seed_and_step_alone(prepared):
    one, other = (AnimationData([str(prepared)], 32, DataOptions()) for _ in range(2))
    one.batch(0, 4)
    assert torch.equal(one.batch(7, 4).source, other.batch(7, 4).source)


def test_any_frame_is_read_without_the_others(prepared, monkeypatch):
    read = []
    original = ClipIndex._read
    monkeypatch.setattr(ClipIndex, '_read', lambda self, offset, size: (
        read.append(size), original(self, offset, size))[1])
    source(prepared).draw([np.random.default_rng(1)])
    jpegs = [size for size in read if size > 600]
    assert len(read) == 5 and len(jpegs) <= 2


@pytest.mark.parametrize(('damage', 'message'), [
    (lambda folder: (folder / 'train-000000.tar').write_bytes(bytes(5000)), 'train-000000.tar'),
    (lambda folder: (folder / 'train-000000.tar').unlink(), 'train-000000.tar'),
    (lambda folder: (folder / INDEX).write_text('{"key": 1}\n'), INDEX),
    (lambda folder: (folder / INDEX).write_text(''), 'no clips for training')])
def test_damage_is_named(prepared, damage, message):
    damage(prepared)
    with pytest.raises(DataError, match=message):
        source(prepared).draw([np.random.default_rng(0)])


def test_it_trains(prepared, tmp_path):
    assert main(arguments('fomm', prepared, tmp_path / 'run', 2)) == 0
    assert cv2.imread(str(next((tmp_path / 'run' / 'samples').iterdir()))).std() > 10


@pytest.mark.slow
def test_it_resumes_exactly(prepared, tmp_path):
    assert main(arguments('fomm', prepared, tmp_path / 'whole', 4, checkpoint_steps=2)) == 0
    part = arguments('fomm', prepared, tmp_path / 'part', 4, checkpoint_steps=2)
    stop_at(part, 3)
    assert main([*part, '--resume']) == 0
    one, other = (tmp_path / name / 'weights' / 'weights.safetensors' for name in ('whole', 'part'))
    assert one.read_bytes() == other.read_bytes()


def stop_at(command: list[str], step: int) -> None:
    """Runs the command until the data of a step is asked for."""
    class Stop(Exception):
        pass

    original = AnimationData.batch

    def batch(self, number, *more):
        if number == step:
            raise Stop
        return original(self, number, *more)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnimationData, 'batch', batch)
        with pytest.raises(Stop):
            main(command)
