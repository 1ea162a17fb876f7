"""Losses of the animation networks, each against a value worked out by hand."""
from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ros_animate.networks import build_networks
from ros_animate.networks.fomm import Keypoints
from ros_animate.networks.fomm.equivariance import Deformation, pull_back
from ros_animate.networks.monkey_net.keypoints import (
    bound_covariance,
    heatmap_covariance,
    keypoint_heatmaps,
)
from ros_animate.networks.sampling import blend_motions, coordinate_grid, softmax_heatmaps
from ros_animate.training.animation import losses
from ros_animate.training.animation.crops import Squares, crop_squares, face_squares
from ros_animate.training.animation.landmark_sets import EXPRESSIVE, GUIDE
from ros_animate.training.animation.objectives.retargeting import (
    mask_away_from,
    openness,
    shoulder_mask,
)
from ros_animate.training.animation.objectives.x2face import X2FaceObjective
from ros_animate.training.animation.options import FommOptions, X2FaceOptions
from ros_animate.training.animation.pairs import Labels, PairBatch
from ros_animate.training.animation.perceptual_features import ImagePyramid, StructureFeatures
from ros_animate.training.animation.trainer import learning_rate, make_optimizer


def tensor(*values) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def test_distance_counts_places_by_their_weight() -> None:
    image, target = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    image[..., 0, 0], image[..., 1, 1] = 0.6, 0.2
    assert losses.weighted_l1(image, target).item() == pytest.approx(0.2)
    weight = tensor([[3.0, 1.0], [1.0, 1.0]])[None]
    assert losses.weighted_l1(image, target, weight).item() == pytest.approx((1.8 + 0.2) / 6)


def test_perceptual_adds_levels_and_scales_up() -> None:
    def features(image: Tensor) -> list[Tensor]:
        return [image, 10 * image]
    images = [torch.full((1, 3, 4, 4), 0.5), torch.full((1, 3, 2, 2), 0.25)]
    targets = [torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 2, 2)]
    assert losses.perceptual(features, images, targets).item() == pytest.approx(11 * 0.75)


def test_least_squares() -> None:
    assert losses.least_squares_generator(tensor(1.0, 0.5, -1.0)).item() == pytest.approx(4.25 / 3)
    loss = losses.least_squares_discriminator(tensor(0.5, -0.5), tensor(1.0, 0.0))
    assert loss.item() == pytest.approx(0.5 + 0.25)


def test_hinge() -> None:
    assert losses.hinge_generator(tensor(1.0, 3.0)).item() == -2
    loss = losses.hinge_discriminator(tensor(-2.0, 0.5), tensor(2.0, 0.5))
    assert loss.item() == pytest.approx(1.5 / 2 + 0.5 / 2)


def test_features_are_matched_without_gradient_to_the_true_ones() -> None:
    generated, true = (torch.full((2, 2), v, requires_grad=True) for v in (1.0, 3.0))
    loss = losses.feature_matching([generated, generated * 2], [true, true], [10.0, 1.0])
    assert loss.item() == pytest.approx(20 + 1)
    loss.backward()
    assert true.grad is None
    torch.testing.assert_close(generated.grad, torch.full((2, 2), -10 / 4 - 2 / 4))


def test_keypoint_prior() -> None:
    """Two keypoints 0.2 apart, depth 0.1 and 0.5: 0.1 twice for each with itself, no more."""
    points = tensor([[0.0, 0.0, 0.1], [0.2, 0.0, 0.5]])
    near = 0.1 - (0.04 + 0.16)
    assert near < 0
    assert losses.keypoint_prior(points).item() == pytest.approx(0.2 + 0.03)
    points = tensor([[0.0, 0.0, 0.33], [0.2, 0.0, 0.33]])
    assert losses.keypoint_prior(points).item() == pytest.approx(0.2 + 2 * 0.06)


def test_head_pose_and_deformation() -> None:
    degrees, target = tensor([10.0, 0.0, -5.0], [0.0, 2.0, 0.0]), torch.zeros(2, 3)
    assert losses.head_pose(degrees, target).item() == pytest.approx(5 + 1 + 2.5)
    target[0] = math.nan
    assert losses.head_pose(degrees, target).item() == pytest.approx(1)
    expression = tensor([[0.1, -0.2, 0.0], [0.0, 0.0, 0.3]])
    assert losses.deformation_prior(expression).item() == pytest.approx(0.6)


def test_wing() -> None:
    """W = 0.1, e = 0.02: 0.1 ln(1 + 0.05 / 0.02) inside, a straight line outside."""
    inside, outside = 0.1 * math.log(3.5), 0.3 - (0.1 - 0.1 * math.log(6))
    assert losses.wing(tensor(0.05)).item() == pytest.approx(inside)
    assert losses.wing(tensor(-0.3)).item() == pytest.approx(outside)
    edge = losses.wing(tensor(0.1 - 1e-5)), losses.wing(tensor(0.1 + 1e-5))
    assert edge[0].item() == pytest.approx(edge[1].item(), abs=1e-4)


def test_equivariance_of_the_equivariant_is_nothing() -> None:
    """Keypoints that move along with the image, and Jacobians that turn with it."""
    deformation = Deformation(tensor([[0.9, 0.2, 0.1], [-0.1, 1.1, 0.0]]),
                              torch.zeros(1, 25))
    linear = deformation.affine[0, :, :2]
    of_deformed = Keypoints(tensor([[0.1, 0.2], [-0.3, 0.4]]),
                            torch.eye(2).expand(1, 2, 2, 2))
    value = of_deformed.value @ linear.T + deformation.affine[0, :, 2]
    pulled = pull_back(deformation, of_deformed)
    assert losses.equivariance_value(value, pulled.value).item() == pytest.approx(0, abs=1e-6)
    jacobian = linear.expand(1, 2, 2, 2)
    assert losses.equivariance_jacobian(jacobian, pulled.jacobian).item() == pytest.approx(
        0, abs=1e-6)
    assert losses.equivariance_value(value + 0.1, pulled.value).item() == pytest.approx(0.1)
    doubled = losses.equivariance_jacobian(jacobian / 2, pulled.jacobian)
    assert doubled.item() == pytest.approx(2 / 4)  # 1 - 2 on the diagonal


@given(st.integers(0, 2 ** 31))
def test_jacobian_of_a_spline_is_its_derivative(seed) -> None:
    """Central differences in double precision."""
    random = torch.Generator().manual_seed(seed)
    drawn = Deformation.random(1, 0.05, 0.005, 5, random)
    deformation = Deformation(drawn.affine.double(), drawn.weights.double())
    points = torch.rand(1, 4, 2, generator=random, dtype=torch.double) * 1.8 - 0.9
    got = deformation.jacobian(points)[0]
    step = 1e-5
    for axis in range(2):
        shift = step * torch.eye(2, dtype=torch.double)[axis]
        slope = (deformation(points + shift) - deformation(points - shift))[0] / (2 * step)
        near = torch.tensor([-1, -0.5, 0, 0.5, 1], dtype=torch.double)
        smooth = ((points[0, :, axis, None] - near).abs().amin(dim=1) > 2 * step)
        torch.testing.assert_close(got[smooth][:, :, axis], slope[smooth], atol=1e-6, rtol=1e-5)


def test_emphasis_of_known_landmarks() -> None:
    landmarks = torch.zeros(2, 1, 2)
    landmarks[1] = math.nan
    weight = losses.landmark_emphasis(landmarks, 65, strength=4.0, spread=0.1)
    assert weight[0, 0, 32, 32].item() == pytest.approx(5)
    one_spread = 0.1 / 2 * 64
    assert weight[0, 0, 32, 32 + round(one_spread)].item() == pytest.approx(
        1 + 4 * math.exp(-0.5 * (round(one_spread) / one_spread) ** 2), rel=1e-4)
    assert weight[0, 0, 0, 0].item() == pytest.approx(1)
    assert (weight[1] == 1).all()


def test_structure_features() -> None:
    """Edges where the image has them; structure does not care how bright and how hard they are.

    A step of 0.5 in the middle, in the 7x7 around its first place: 4 of 7 columns are high.
    """
    image = torch.zeros(1, 3, 16, 16)
    image[..., 8:] = 0.5
    same, gradients, structure = StructureFeatures()(image)
    assert (same == image).all()
    assert gradients[0, 0, 4, 7].item() == pytest.approx(0.5)
    assert gradients.abs().sum().item() == pytest.approx(3 * 16 * 0.5)
    deviation = 0.5 * math.sqrt(4 / 7 * 3 / 7 + 1e-6 / 0.25)
    assert structure[0, 0, 8, 8].item() == pytest.approx(
        0.5 * 3 / 7 / (deviation + 0.03) / 4, rel=1e-4)
    soft = StructureFeatures()(0.3 + 0.5 * image)[2]
    assert soft[0, 0, 8, 8].item() == pytest.approx(structure[0, 0, 8, 8].item(), rel=0.15)


def test_pyramid_halves() -> None:
    scales = ImagePyramid((1.0, 0.5, 0.25))(torch.full((1, 3, 32, 32), 0.5))
    assert [tuple(s.shape[2:]) for s in scales] == [(32, 32), (16, 16), (8, 8)]
    assert scales[2][..., 4, 4].tolist() == [[pytest.approx(0.5, rel=1e-4)] * 3]


def test_rate_of_the_references() -> None:
    """A tenth after 60 and after 90 of 100 epochs."""
    rates = [learning_rate(step, 100, FommOptions()) for step in (0, 59, 60, 89, 90, 99)]
    np.testing.assert_allclose(rates, np.array([1, 1, 0.1, 0.1, 0.01, 0.01]) * 2e-4)
    rising = FommOptions(warm_up=0.1, milestones=())
    assert learning_rate(4, 100, rising) == pytest.approx(1e-4)


def test_guide_and_emphasis_name_landmarks_of_the_mesh() -> None:
    assert len(set(GUIDE)) == len(GUIDE)
    assert max(*GUIDE, *EXPRESSIVE) < 468


@pytest.mark.parametrize('seed', range(3))
def test_spread_and_heat_maps_by_sums(seed) -> None:
    """Written as the sums of eq. (2) and (3), place by place."""
    torch.manual_seed(seed)
    heat = softmax_heatmaps(torch.rand(1, 1, 5, 7), 0.1).double()
    grid = coordinate_grid((5, 7), heat)
    mean = (heat[0, 0, ..., None] * grid).sum((0, 1))
    expected = torch.zeros(2, 2, dtype=torch.double)
    for y in range(5):
        for x in range(7):
            away = grid[y, x] - mean
            expected += (heat[0, 0, y, x] + 1e-7) * torch.outer(away, away)
    got = heatmap_covariance(heat, mean[None, None])
    torch.testing.assert_close(got[0, 0], expected)
    from ros_animate.networks.monkey_net import Keypoints as Spread
    away = grid - mean
    maps = torch.exp(-0.5 * (away @ torch.linalg.inv(expected) * away).sum(-1))
    torch.testing.assert_close(keypoint_heatmaps(Spread(mean[None, None], got), (5, 7))[0, 0], maps)


def test_gradient_of_a_round_covariance_is_a_number() -> None:
    """As heat maps have it that are the same everywhere, before training."""
    covariance = (0.3 * torch.eye(2)).requires_grad_()
    bound_covariance(covariance[None, None], 1e-3).sum().backward()
    assert covariance.grad is not None and torch.isfinite(covariance.grad).all()


def test_positions_are_exact_in_a_training_in_bf16() -> None:
    mask = torch.rand(2, 3, 4, 5).softmax(dim=1)
    shifts = torch.rand(2, 3, 2)
    expected = torch.einsum('bkhw,bkc->bhwc', mask, shifts)
    with torch.autocast('cpu', torch.bfloat16):
        got = blend_motions(mask, shifts)
    torch.testing.assert_close(got, expected)


def test_squares_around_face_and_lips() -> None:
    landmarks = torch.zeros(2, 468, 2)
    landmarks[0, 10], landmarks[0, 152] = tensor(0.0, -0.5), tensor(0.2, 0.3)
    landmarks[1] = math.nan
    found = face_squares(Labels(landmarks, torch.zeros(2, 3), torch.zeros(2, 0)))
    torch.testing.assert_close(found.face[0], tensor(0.1, -0.1, 0.4 * 1.05))
    torch.testing.assert_close(found.face[1], tensor(0.0, 0.0, 1.0))
    image = torch.rand(1, 3, 8, 8)
    whole = Squares(tensor([0.0, 0.0, 1.0]), tensor([0.5, -0.5, 0.5]))
    torch.testing.assert_close(crop_squares(image, whole.face, 8), image)
    torch.testing.assert_close(crop_squares(image, whole.lips, 4), image[..., :4, 4:])


def test_openness_and_regions() -> None:
    landmarks = torch.zeros(1, 468, 2)
    landmarks[0, 13], landmarks[0, 14] = tensor(0.0, 0.1), tensor(0.0, 0.3)
    landmarks[0, 61], landmarks[0, 291] = tensor(-0.25, 0.2), tensor(0.25, 0.2)
    assert openness(landmarks, 'lipRatio').item() == pytest.approx(0.4, abs=1e-3)
    landmarks[0, 152] = tensor(0.0, 0.5)
    shoulders = shoulder_mask((landmarks, landmarks - 1), 9)
    assert shoulders[0, 0, :, 0].tolist() == [0] * 7 + [1, 1]
    rest = mask_away_from(torch.zeros(1, 1, 2), 65)
    assert rest[0, 0, 32, 32].item() == pytest.approx(0)
    assert rest[0, 0, 0, 0].item() == pytest.approx(1, abs=1e-6)


def x2face_objective(**options) -> X2FaceObjective:
    torch.manual_seed(0)
    networks = build_networks('x2face', {'image_size': 16, 'block_expansion': 8,
                                         'max_features': 8, 'driving_features': 4})
    settings = X2FaceOptions(tower='bc_z', scales=(1.0,), **options)
    return X2FaceObjective(networks, settings, StructureFeatures())


def test_x2face_begins_with_the_source_as_it_is() -> None:
    """Both networks sample every place from itself: the loss is that of the source repeated."""
    source, driving, target = torch.rand(3, 2, 3, 16, 16)
    terms, output = x2face_objective(photometric=2.0).compute_terms(
        PairBatch(source, driving, target), torch.Generator())
    assert list(terms) == ['photometric']
    torch.testing.assert_close(output.prediction, source, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(output.flow, coordinate_grid((16, 16), source).expand(2, -1, -1, -1),
                               atol=1e-4, rtol=1e-4)
    assert terms['photometric'].item() == pytest.approx(
        2 * (source - target).abs().mean().item(), rel=1e-3)
    assert output.source_points.shape == (2, 0, 2)


def test_identity_of_x2face_compares_the_source_with_what_others_make_of_it() -> None:
    objective = x2face_objective(face_id=3.0)
    objective.features.forward = lambda image: [image, image[:, :2]]
    face, vector = torch.rand(2, 3, 16, 16), torch.rand(2, 4)
    seen = []

    def render(face: Tensor, vector: Tensor) -> Tensor:
        seen.append(vector)
        return face
    objective.networks['pix2pixSampler'].render = render
    source = torch.rand(2, 3, 16, 16)
    loss = objective._identity(source, face, vector)
    assert torch.equal(seen[0], vector.flip(0))
    a, b = (x[:, :2].mean(dim=(2, 3)) for x in (face, source))
    cosine = (a * b).sum(1) / a.norm(dim=1) / b.norm(dim=1)
    torch.testing.assert_close(loss, (1 - cosine).mean())


def test_stochastic_gradient_descent_with_momentum() -> None:
    """Two equal gradients g: the second step is 1 + beta1 times the first."""
    layer = torch.nn.Linear(1, 1, bias=False)
    optimizer = make_optimizer(layer, X2FaceOptions(learning_rate=0.1))
    before = layer.weight.item()
    steps = []
    for _ in range(2):
        layer.weight.grad = torch.ones(1, 1)
        optimizer.step()
        steps.append(before - layer.weight.item())
        before = layer.weight.item()
    assert steps == [pytest.approx(0.1), pytest.approx(0.19)]
