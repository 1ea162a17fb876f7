"""A full disk ends a training with one line."""
import threading

import pytest
import torch
from helpers.full_disk import file_size_limit

from ros_animate.errors import UserError
from ros_animate.files import WriteError
from ros_animate.training.core import checkpoints
from ros_animate.training.core.log import TrainingLog
from ros_animate.training.core.settings import run_folder


def test_the_last_checkpoint_stays(tmp_path):
    checkpoints.save(tmp_path, {'step': 1})
    with file_size_limit(50_000), \
            pytest.raises(WriteError, match=r'last\.ckpt: File too large; the limit') as caught:
        checkpoints.save(tmp_path, {'step': 2, 'weights': torch.zeros(100_000)})
    assert '\n' not in str(caught.value)
    assert checkpoints.load(tmp_path) == {'step': 1}
    assert [p.name for p in tmp_path.iterdir()] == ['last.ckpt']


def test_the_log(tmp_path, capfd):
    pytest.importorskip('tensorboard')
    hook = threading.excepthook
    with file_size_limit(3000), pytest.raises(WriteError, match=r'log\.csv: File too large'), \
            TrainingLog(tmp_path, 0, ('loss',)) as log:
        for step in range(1000):
            log.write(step, {'loss': 0.5})
    assert 'Traceback' not in capfd.readouterr().err
    assert threading.excepthook == hook


def test_a_run_does_not_replace_the_weights_that_it_begins_with(tmp_path):
    (tmp_path / 'weights').mkdir()
    (tmp_path / 'weights' / 'weights.safetensors').touch()
    for init in ('weights', 'weights/weights.safetensors'):
        with pytest.raises(UserError, match='would replace the input'):
            run_folder(str(tmp_path), str(tmp_path / init))
    assert run_folder(str(tmp_path / 'new'), str(tmp_path / 'weights')).is_dir()
