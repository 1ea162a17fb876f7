"""Batches: targets, masks, twins, tasks, unreadable images."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.pair_folders import SPEC, TINY, make_folder, read_lines, write_lines

from ros_animate.networks.actions import to_robot_units
from ros_animate.training.core.pair_folder import DataError, Pair, read_folder
from ros_animate.training.policy import trainable
from ros_animate.training.policy.data import PolicyData, future


def data_of(*paths, policy='bc_z', settings=(), weights=None):
    plugin = trainable.find_trainable(policy)
    options, network_options = trainable.parse_options(plugin, [*TINY[policy], *settings])
    folders = [read_folder(path, SPEC) for path in paths]
    config = trainable.new_config(plugin, network_options, SPEC, folders)
    return PolicyData(folders, weights, SPEC, config, options, plugin.takes_images), config


def test_targets_are_those_of_the_file(tmp_path):
    data, config = data_of(make_folder(tmp_path / 'a'), settings=['validation=0'])
    batch = data.batch(0, 8, 32)
    assert batch.observation.shape == (8, 3, 32, 32)
    assert batch.target.shape == (8, 3, 30)
    assert batch.task.shape == (8, 4)
    values = to_robot_units(batch.target[:, 0].double(), config).numpy()
    np.testing.assert_allclose(values, data.values[data.order.batch(0, 8)], atol=1e-4)


def test_the_gaze_behind_closed_lids_is_masked(tmp_path):
    path = make_folder(tmp_path / 'a', 4)
    lines = read_lines(path)
    for line in lines[:2]:
        line['ctrl_value'][6:8] = [-0.5, -0.5]
    for line in lines[2:]:
        line['ctrl_value'][6:8] = [-0.5, 0.5]
    write_lines(path, lines)
    data, _ = data_of(path, settings=['validation=0'])
    batch, _ = data.plain(np.arange(4))
    assert batch.mask[:2, :, 8:10].sum() == 0
    assert batch.mask.sum() == 3 * (4 * 30 - 4)


@pytest.mark.parametrize('memory_gb', ['memory_gb=1', 'memory_gb=0'], ids=['kept', 'read'])
def test_unreadable_images_are_skipped_and_counted(tmp_path, memory_gb):
    path = make_folder(tmp_path / 'a', 6)
    (path / '3.png').write_bytes(b'no image')
    data, _ = data_of(path, settings=['validation=0', memory_gb])
    batch = data.batch(0, 6, 32)
    assert [file.name for file in data.unreadable] == ['3.png']
    row = data.order.batch(0, 6).tolist().index(3)
    assert batch.mask[row].sum() == 0
    assert (batch.mask.sum((1, 2)) > 0).sum() == 5


def test_twins_come_with_their_pairs(tmp_path):
    path = make_folder(tmp_path / 'a', 4)
    write_lines(path, [{**line, 'twin': '0.png'} if i < 2 else line
                       for i, line in enumerate(read_lines(path))])
    data, _ = data_of(path, settings=['validation=0'])
    batch = data.batch(0, 4, 32)
    rows = [row for row, i in enumerate(data.order.batch(0, 4)) if i < 2]
    assert batch.paired.tolist() == rows
    assert batch.twin.shape == (2, 3, 32, 32)


def test_landmarks_are_framed_as_the_image_is(tmp_path):
    path = make_folder(tmp_path / 'a', 12, landmarks=True)
    lines = read_lines(path)
    del lines[4]['landmarks']
    write_lines(path, lines)
    no_motion = ('shift=0', 'zoom=0', 'turn_deg=0', 'view=0.5', 'validation=0.3')
    data, _ = data_of(path, settings=no_motion)
    batch = data.batch(0, 8, 32)
    for row, i in enumerate(data.order.batch(0, 8).tolist()):
        if i == 4:
            assert batch.landmarks[row].isnan().all()
        else:
            expected = (np.array(lines[i]['landmarks']) - 0.5) / (0.5 * 0.5)
            np.testing.assert_allclose(batch.landmarks[row].numpy(), expected, atol=1e-5)


@pytest.mark.parametrize('policy', ['bc_z', 'x2cnet'])
def test_landmark_batches_are_those_of_training_pairs(policy, tmp_path):
    path = make_folder(tmp_path / 'a', landmarks=True)
    data, _ = data_of(path, policy=policy, settings=['validation=0.3', 'geometry_batch=200'])
    examples = data.batch(0, 4, 32).landmark_batch
    jaw = SPEC.index('Jaw Pitch')
    train = np.setdiff1d(np.arange(len(data.pairs)), data.held_back)
    assert 0 < len(train) < len(data.pairs)
    drawn = {round(float(v), 4) for v in examples.target[:, 0, jaw]}
    known, others = ({round(2 * float(data.pairs[i].values[jaw]) - 1, 4) for i in indices}
                     for indices in (train, data.held_back))
    assert drawn == known and not drawn & others
    # The landmarks of these folders lie as low as the jaw.
    height = examples.landmarks[:, :, 1].mean(1)
    assert np.corrcoef(height, examples.target[:, 0, jaw])[0, 1] > 0.99
    assert data_of(make_folder(tmp_path / 'b'))[0].batch(0, 4, 32).landmarks is None
    ignored = data_of(path, settings=['landmark_weight=0'])[0].batch(0, 4, 32)
    assert ignored.landmarks is None and ignored.landmark_batch is None


def test_processes_share_a_batch(tmp_path):
    data, _ = data_of(make_folder(tmp_path / 'a'))
    whole = data.batch(5, 6, 32).target
    parts = [data.batch(5, 6, 32, rank, 2).target for rank in range(2)]
    torch.testing.assert_close(torch.stack(parts, 1).flatten(0, 1), whole)


def test_waypoints_follow_the_sequence(tmp_path):
    pairs = [Pair(tmp_path, SPEC.neutral, sequence=s) for s in ('a', 'a', 'a', 'b', None, None)]
    assert future(pairs, 3).tolist() == [
        [0, 1, 2], [1, 2, 2], [2, 2, 2], [3, 3, 3], [4, 4, 4], [5, 5, 5]]


def test_the_horizon_is_what_was_learned(tmp_path):
    assert data_of(make_folder(tmp_path / 'a'))[1].horizon == 1
    assert data_of(make_folder(tmp_path / 'b', sequence=1), settings=['validation=0']
                   )[1].horizon == 3


def test_a_folder_may_have_a_task(tmp_path):
    path = make_folder(tmp_path / 'a')
    np.save(path / 'task.npy', np.arange(4.0))
    data, _ = data_of(path, settings=['task_noise=0'])
    assert data.batch(0, 2, 32).task.tolist() == [[0, 1, 2, 3]] * 2
    np.save(path / 'task.npy', np.arange(5.0))
    with pytest.raises(DataError, match='task embedding'):
        data_of(path)
