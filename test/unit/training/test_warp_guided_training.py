"""Training of the warp-guided generator: its data, a tiny run, mistakes."""
from __future__ import annotations

import pathlib

import numpy as np
import pytest
import torch
from helpers.tiny_animation import arguments, make_clips

from ros_animate.checkpoints import checkpoint
from ros_animate.cli import main
from ros_animate.training.animation.source import DataOptions
from ros_animate.training.animation.warped_clips import make_warped_clip
from ros_animate.training.animation.warped_faces import WarpedFaces
from ros_animate.training.core.log import read_log

pytestmark = pytest.mark.usefixtures('one_thread')

FACES = {'identities': 2, 'frames': 3, 'workers': 1}


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp('training') / 'run'
    assert main(arguments('warp_guided', 'synthetic', folder, 12, learning_rate=0.02, **FACES)) == 0
    return folder


def test_a_tiny_training_comes_nearer_to_its_targets(run: pathlib.Path) -> None:
    rows = read_log(run)
    losses = [float(row['loss']) for row in rows]
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    for row in rows:
        terms = float(row['perceptual']) + float(row['photometric'])
        assert terms == pytest.approx(float(row['loss']), rel=1e-4)
    found = checkpoint.read(run / 'weights')
    assert found.family == 'warp_guided'
    assert found.load(('refiner',))['refiner'].final.weight.abs().max() > 0
    assert 'ros_animate train animation' in (run / 'weights' / 'README.md').read_text()


def test_batches_depend_on_the_step_alone() -> None:
    options = DataOptions(**FACES)
    first, second = (WarpedFaces(32, options) for _ in range(2))
    one, other = first.batch(3, 4), second.batch(3, 4)
    for a, b in zip(one.warped, other.warped, strict=True):
        torch.testing.assert_close(a, b)
    assert not torch.equal(one.target, first.batch(4, 4).target)


def test_warps_come_nearer_to_the_target_than_the_source() -> None:
    clips = [make_warped_clip(7, number, 3, 64) for number in range(4)]
    source, warped = (np.mean([np.abs(images.astype(int) - clip.images[1:]).mean()
                               for clip, images in zip(clips, parts, strict=True)])
                      for parts in ([c.images[:1] for c in clips], [c.warped for c in clips]))
    assert warped < 0.9 * source


def test_folders_have_no_true_landmarks(tmp_path: pathlib.Path,
                                        capsys: pytest.CaptureFixture[str]) -> None:
    data = make_clips(tmp_path / 'clips')
    assert main(arguments('warp_guided', data, tmp_path / 'run', 1)) != 0
    error = capsys.readouterr().err
    assert str(data) in error
    assert 'give synthetic alone' in error
