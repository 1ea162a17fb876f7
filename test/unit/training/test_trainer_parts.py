"""Parts of the training of a policy: schedule, average, losses."""
import dataclasses
import math
import pathlib

import pytest
import torch
from helpers.pair_folders import SPEC, TINY
from torch import nn

from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.networks import build_networks, find_family
from ros_animate.training.core.average import RunningAverage
from ros_animate.training.core.plan import StepPlan
from ros_animate.training.policy import trainable
from ros_animate.training.policy.batches import Batch, LandmarkBatch
from ros_animate.training.policy.landmark_terms import FeatureMapTerms
from ros_animate.training.policy.losses import PolicyObjective, policy_network
from ros_animate.training.policy.options import TrainOptions
from ros_animate.training.policy.trainer import TrainingRun, image_side, learning_rate

WAYPOINTS = {'bc_z': 3, 'x2cnet': 1}  # as TINY has them


def test_the_rate_rises_and_falls():
    options = TrainOptions(learning_rate=2.0, warm_up=0.1, final_rate=0.01)
    rates = [learning_rate(step, 100, options) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[10] == 2.0
    assert all(a > b for a, b in zip(rates[10:], rates[11:]))
    assert rates[-1] == pytest.approx(0.02, rel=0.05)


def test_images_grow_to_the_size_of_the_network():
    config = find_family('x2cnet').Config(image_size=112)
    options = TrainOptions(coarse_size=64, coarse=0.5)
    run = TrainingRun(pathlib.Path(), StepPlan(100), 1, options, SPEC, config)
    sides = [image_side(step, 100, run) for step in range(100)]
    assert sides[0] == 64
    assert sides == sorted(sides)
    assert set(sides[50:]) == {112}
    plain = dataclasses.replace(run, options=TrainOptions())
    assert image_side(0, 100, plain) == 112


def test_the_average_follows():
    network = nn.Linear(2, 2)
    average = RunningAverage(network, 0.9)
    start = average.network.weight.clone()
    with torch.no_grad():
        network.weight += 1
    average.update(network, 1000)
    torch.testing.assert_close(average.network.weight, start + 0.1)
    average.update(network, 0)
    torch.testing.assert_close(average.network.weight, start + 0.1 + 0.9 * 0.9)


class Constant(nn.Module):
    """A network whose output and features are the observation."""

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return observation

    def features(self, observation: torch.Tensor) -> torch.Tensor:
        return observation

    def predict_actions(self, features: torch.Tensor) -> torch.Tensor:
        return features


def loss(observation, target, mask, **twins):
    config = find_family('x2cnet').Config(low=(0.0,) * 30, high=(1.0,) * 30)
    options = TrainOptions(huber_delta=0.01, feature_weight=0.5)
    return float(PolicyObjective(Constant(), config, SPEC, options)(
        Batch(observation, target, mask, **twins)))


def test_huber_loss_is_masked():
    mask = torch.ones(2, 1, 30)
    mask[1] = 0
    observation = torch.zeros(2, 30)
    target = torch.full((2, 1, 30), 0.5)
    assert loss(observation, target, mask) == pytest.approx(0.01 * (0.5 - 0.005))
    assert loss(observation, target, mask * 0) == 0


def test_features_of_twins_are_matched():
    mask, target = torch.ones(2, 1, 30), torch.zeros(2, 1, 30)
    observation, twin = torch.zeros(2, 30), torch.zeros(1, 30)
    observation[1, 0], twin[0, 1] = 1e-6, 1.0  # at right angles
    assert loss(observation, target, mask, twin=twin, paired=torch.tensor([1])) == (
        pytest.approx(0.5, abs=1e-3))


def objective_of(family):
    torch.manual_seed(0)
    options = trainable.parse_options(trainable.find_trainable(family), TINY[family])[1]
    config = find_family(family).Config(low=(0.0,) * 30, high=(1.0,) * 30, **options)
    (network,) = build_networks(family, config).values()
    return PolicyObjective(network, config, SPEC, TrainOptions(), landmarks=True)


@pytest.mark.parametrize('locate', [False, True])
@pytest.mark.parametrize('family', ['bc_z', 'x2cnet'])
def test_feature_points_are_drawn_to_landmarks(family, locate):
    objective = objective_of(family)
    assert isinstance(objective.landmark_terms, FeatureMapTerms) == (family == 'x2cnet')
    points = torch.rand(4, len(FEATURE_POINTS), 2) - 0.5
    # All else is masked; of the last image nothing is known.
    nothing = torch.zeros(4, WAYPOINTS[family], 30)
    batch = Batch(torch.rand(4, 3, 32, 32), nothing, nothing,
                  landmarks=points.where(torch.arange(4)[:, None, None] < 3, torch.nan))
    optimizer = torch.optim.Adam(objective.parameters(), 0.02)
    losses = []
    for _ in range(24):
        loss = objective(batch, locate)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    unlabelled = batch._replace(landmarks=torch.full_like(points, torch.nan))
    assert float(objective(unlabelled, locate).detach()) == 0
    late = (objective.network.blocks[-1].conv2 if family == 'bc_z' else
            objective.network.feature_extractor[-2])
    assert all((p.grad is None) == locate for p in late.parameters())


@pytest.mark.parametrize('family', ['bc_z', 'x2cnet'])
def test_controls_are_learned_from_landmarks_alone(family):
    objective = objective_of(family)
    network = objective.network
    points = torch.rand(16, len(FEATURE_POINTS), 2) - 0.5
    target = torch.rand(16, 1, 30).expand(16, WAYPOINTS[family], 30)
    examples = LandmarkBatch(points, target, torch.ones_like(target))
    nothing = torch.zeros(1, WAYPOINTS[family], 30)
    batch = Batch(torch.rand(1, 3, 32, 32), nothing, nothing,
                  landmarks=torch.full((1, len(FEATURE_POINTS), 2), torch.nan),
                  landmark_batch=examples)
    loss = objective.train(False)(batch)
    loss.backward()
    assert loss > 0.01
    head, image_layer = ((network.geometry[0], network.stem[0]) if family == 'bc_z' else
                    (network.pos_pred_head[2], network.feature_extractor[0]))
    assert head.weight.grad.abs().max() > 0
    assert not image_layer.weight.grad.any()  # no image


def test_features_of_images_are_aligned_with_those_of_landmarks():
    objective = objective_of('x2cnet')
    network, terms = objective.network, objective.landmark_terms
    features = torch.rand(4, 512)
    points = torch.rand(4, len(FEATURE_POINTS), 2) - 0.5
    points[3, 5] = torch.nan  # one unknown point: the image does not count
    terms.alignment(features, points).backward()
    assert terms.entry.weight.grad is None  # features follow landmarks, not the reverse
    optimizer = torch.optim.Adam(network.pos_pred_head[0].parameters(), 0.01)
    for _ in range(300):
        optimizer.zero_grad()
        loss = terms.alignment(features, points)
        loss.backward()
        optimizer.step()
    assert loss < 1e-3
    outputs = network.predict_actions(features[:3])
    torch.testing.assert_close(outputs, terms.predict_actions(points[:3]), atol=0.05, rtol=0.0)
    unknown = torch.full_like(points, torch.nan)
    assert terms.alignment(features, unknown).item() == 0


def test_outputs_in_robot_units_are_compared_alike():
    config = find_family('x2cnet').Config()
    outputs = torch.tensor(SPEC.high, dtype=torch.float32)[None]
    objective = PolicyObjective(Constant(), config, SPEC, TrainOptions())
    waypoints = objective.waypoints(Batch(outputs, torch.zeros(1), torch.zeros(1)))
    torch.testing.assert_close(waypoints, torch.ones(1, 1, 30))
    assert math.isfinite(float(waypoints.sum()))


def test_a_network_that_landmarks_cannot_supervise():
    """It learns from its observations alone, whatever landmarks there are."""
    config = find_family('motion_mlp').Config(low=(0.0,) * 30, high=(1.0,) * 30)
    objective = PolicyObjective(Constant(), config, SPEC, TrainOptions(), landmarks=True)
    assert objective.landmark_terms is None
    points = torch.zeros(1, len(FEATURE_POINTS), 2)
    target = torch.zeros(1, 1, 30)
    examples = LandmarkBatch(points, target, torch.ones_like(target))
    batch = Batch(torch.ones(1, 30), target, torch.ones_like(target), landmarks=points,
                  landmark_batch=examples)
    assert float(objective(batch)) == pytest.approx(0.1 * (1 - 0.05))


def test_a_module_that_is_no_policy_network():
    with pytest.raises(TypeError, match='Linear lacks methods of PolicyNetwork'):
        policy_network(nn.Linear(1, 1))
