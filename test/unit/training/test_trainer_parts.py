"""Schedule, average, loss."""
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
from ros_animate.training.policy import learners
from ros_animate.training.policy.data import Batch, Geometry
from ros_animate.training.policy.losses import Objective
from ros_animate.training.policy.options import TrainOptions
from ros_animate.training.policy.trainer import Task, learning_rate, picture_side

WAYPOINTS = {'bc_z': 3, 'x2cnet': 1}  # as TINY has them


def test_the_rate_rises_and_falls():
    options = TrainOptions(learning_rate=2.0, warm_up=0.1, final_rate=0.01)
    rates = [learning_rate(step, 100, options) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[10] == 2.0
    assert all(a > b for a, b in zip(rates[10:], rates[11:]))
    assert rates[-1] == pytest.approx(0.02, rel=0.05)


def test_pictures_grow_to_the_size_of_the_network():
    model = find_family('x2cnet').Config(image_size=112)
    task = Task(pathlib.Path(), 100, 1, TrainOptions(coarse_size=64, coarse=0.5), SPEC, model)
    sides = [picture_side(step, task) for step in range(100)]
    assert sides[0] == 64
    assert sides == sorted(sides)
    assert set(sides[50:]) == {112}
    plain = dataclasses.replace(task, options=TrainOptions())
    assert picture_side(0, plain) == 112


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
    """Says what it is given; features are the observation."""

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return observation

    def features(self, observation: torch.Tensor) -> torch.Tensor:
        return observation


def loss(observation, wanted, counts, **twins):
    model = find_family('x2cnet').Config(low=(0.0,) * 30, high=(1.0,) * 30)
    options = TrainOptions(huber_delta=0.01, feature_weight=0.5)
    return float(Objective(Constant(), model, SPEC, options)(
        Batch(observation, wanted, counts, **twins)))


def test_huber_of_what_counts():
    counts = torch.ones(2, 1, 30)
    counts[1] = 0
    observation = torch.zeros(2, 30)
    wanted = torch.full((2, 1, 30), 0.5)
    assert loss(observation, wanted, counts) == pytest.approx(0.01 * (0.5 - 0.005))
    assert loss(observation, wanted, counts * 0) == 0


def test_features_of_twins_are_matched():
    counts, wanted = torch.ones(2, 1, 30), torch.zeros(2, 1, 30)
    observation, twin = torch.zeros(2, 30), torch.zeros(1, 30)
    observation[1, 0], twin[0, 1] = 1e-6, 1.0  # at right angles
    assert loss(observation, wanted, counts, twin=twin, paired=torch.tensor([1])) == (
        pytest.approx(0.5, abs=1e-3))


def objective_of(family):
    torch.manual_seed(0)
    config = learners.parse_wishes(learners.learner(family), TINY[family])[1]
    model = find_family(family).Config(low=(0.0,) * 30, high=(1.0,) * 30, **config)
    (network,) = build_networks(family, model).values()
    return Objective(network, model, SPEC, TrainOptions(), landmarks=True)


@pytest.mark.parametrize('locate', [False, True])
@pytest.mark.parametrize('family', ['bc_z', 'x2cnet'])
def test_feature_points_are_drawn_to_landmarks(family, locate):
    objective = objective_of(family)
    assert (objective.guide is None) == (family == 'bc_z')
    places = torch.rand(4, len(FEATURE_POINTS), 2) - 0.5
    # Nothing else counts; of the last picture nothing is known.
    nothing = torch.zeros(4, WAYPOINTS[family], 30)
    batch = Batch(torch.rand(4, 3, 32, 32), nothing, nothing,
                  landmarks=places.where(torch.arange(4)[:, None, None] < 3, torch.nan))
    optimizer = torch.optim.Adam(objective.parameters(), 0.02)
    losses = []
    for _ in range(60):
        loss = objective(batch, locate)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    blind = batch._replace(landmarks=torch.full_like(places, torch.nan))
    assert float(objective(blind, locate).detach()) == 0
    late = (objective.network.blocks[-1].conv2 if family == 'bc_z' else
            objective.network.feature_extractor[-2])
    assert all((p.grad is None) == locate for p in late.parameters())


@pytest.mark.parametrize('family', ['bc_z', 'x2cnet'])
def test_controls_are_learned_from_landmarks_alone(family):
    objective = objective_of(family)
    network = objective.network
    places = torch.rand(16, len(FEATURE_POINTS), 2) - 0.5
    wanted = torch.rand(16, 1, 30).expand(16, WAYPOINTS[family], 30)
    geometry = Geometry(places, wanted, torch.ones_like(wanted))
    nothing = torch.zeros(1, WAYPOINTS[family], 30)
    batch = Batch(torch.rand(1, 3, 32, 32), nothing, nothing,
                  landmarks=torch.full((1, len(FEATURE_POINTS), 2), torch.nan), geometry=geometry)
    loss = objective.train(False)(batch)
    loss.backward()
    assert loss > 0.01
    learns, sees = ((network.geometry[0], network.stem[0]) if family == 'bc_z' else
                    (network.pos_pred_head[2], network.feature_extractor[0]))
    assert learns.weight.grad.abs().max() > 0
    assert not sees.weight.grad.any()  # no picture


def test_what_x2cnet_hears_in_a_picture_becomes_what_landmarks_say():
    objective = objective_of('x2cnet')
    network, guide = objective.network, objective.guide
    features = torch.rand(4, 512)
    places = torch.rand(4, len(FEATURE_POINTS), 2) - 0.5
    places[3, 5] = torch.nan  # one unknown point: the picture does not count
    guide.unlike(network, features, places).backward()
    assert guide.entry.weight.grad is None  # features follow landmarks, not these the features
    optimizer = torch.optim.Adam(network.pos_pred_head[0].parameters(), 0.01)
    for _ in range(300):
        optimizer.zero_grad()
        loss = guide.unlike(network, features, places)
        loss.backward()
        optimizer.step()
    assert loss < 1e-3
    heard = network.predict_actions(features[:3])
    torch.testing.assert_close(heard, guide.decide(network, places[:3]), atol=0.05, rtol=0.0)
    unknown = torch.full_like(places, torch.nan)
    assert guide.unlike(network, features, unknown).item() == 0


def test_outputs_in_robot_units_are_compared_alike():
    model = find_family('x2cnet').Config()
    said = torch.tensor(SPEC.high, dtype=torch.float32)[None]
    objective = Objective(Constant(), model, SPEC, TrainOptions())
    waypoints = objective.waypoints(Batch(said, torch.zeros(1), torch.zeros(1)))
    torch.testing.assert_close(waypoints, torch.ones(1, 1, 30))
    assert math.isfinite(float(waypoints.sum()))
