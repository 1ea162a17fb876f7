"""The parts of Monkey-Net that its ablation leaves out (CVPR 2019, section 4.2), and our own."""
from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from ros_animate.configuration import ConfigurationError
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.networks import build_networks
from ros_animate.networks.monkey_net import Config, Keypoints
from ros_animate.networks.monkey_net.dense_motion import keypoint_shifts
from ros_animate.networks.sampling import coordinate_grid

TINY = Config(image_size=32, num_keypoints=4, block_expansion=4, max_features=8,
              keypoint_levels=2, motion_levels=2, generator_levels=2, refinement_blocks=1,
              discriminator_features=8, discriminator_levels=2, predictor_features=8)
VARIANTS = {'no_F': {'dense_motion': False}, 'no_F_residual': {'residual': False},
            'no_F_coarse': {'coarse': False}, 'no_Sigma': {'variance': 0.01},
            'no_x': {'source_in_motion': False}}
# Options that are not in the paper.
OWN = {'correction': {'correction': True}, 'slow residual': {'residual_scale': 0.1}}


def networks(seed: int = 0, **changes: object) -> dict:
    torch.manual_seed(seed)
    built = build_networks('monkey_net', dataclasses.replace(TINY, **changes))
    for parameter in built['generator'].parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=(2 / parameter[0].numel()) ** 0.5)
    return {name: network.eval() for name, network in built.items()}


def image(seed: int) -> Tensor:
    return torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def points(seed: int) -> Keypoints:
    mean = 1.6 * torch.rand(2, 4, 2, generator=torch.Generator().manual_seed(seed)) - 0.8
    return Keypoints(mean, 0.02 * torch.eye(2).expand(2, 4, 2, 2))


@pytest.mark.parametrize('variant', [*VARIANTS, *OWN])
def test_every_variant_runs_learns_and_is_prepared(variant: str) -> None:
    nets = networks(**{**VARIANTS, **OWN}[variant])
    source, driving = image(1), image(2)
    nets['kp_detector'].train()
    output = nets['generator'](source, nets['kp_detector'](source), nets['kp_detector'](driving))
    output.prediction.mean().backward()
    detector = [p.grad for p in nets['kp_detector'].parameters()]
    assert all(g is not None and torch.isfinite(g).all() for g in detector)
    assert sum(float(g.abs().sum()) for g in detector) > 0
    generator = nets['generator'].eval()
    expected = generator(source, points(3), points(4)).prediction
    fast = prepare(generator, EngineOptions(precision='float32'))
    output = fast.render(fast.encode(source), points(3), points(4))
    torch.testing.assert_close(output, expected, atol=1e-4, rtol=0)


def test_a_correction_begins_with_the_moved_source() -> None:
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, correction=True)
    generator = build_networks('monkey_net', config)['generator']
    source = image(1)
    source[:, :, :8] = 1.0
    output = generator(source, points(3), points(4))
    torch.testing.assert_close(output.prediction, output.deformed.clamp(1 / 512, 511 / 512))
    assert not torch.allclose(output.prediction, source, atol=0.1)


@pytest.mark.parametrize('variant', ['full', *VARIANTS])
def test_training_begins_with_a_source_that_hardly_moves(variant: str) -> None:
    """Of masks e^2 for the background and 1 for each keypoint, and no residual."""
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, **VARIANTS.get(variant, {}))
    motion = build_networks('monkey_net', config)['generator'](
        image(1), points(3), points(4)).motion
    moved = motion.deformation - coordinate_grid((32, 32), motion.deformation)
    shifts = keypoint_shifts(points(3), points(4))[:, 1:].sum(1) / (math.exp(2) + 4)
    expected = shifts if config.dense_motion and config.coarse else torch.zeros(2, 2)
    torch.testing.assert_close(moved, expected[:, None, None].expand_as(moved))


def test_without_f_the_source_stays_and_heat_maps_change_the_image() -> None:
    generator = networks(dense_motion=False)['generator']
    output = generator(image(1), points(3), points(4))
    torch.testing.assert_close(output.deformed, image(1))
    other = generator(image(1), points(3), points(5))
    assert not torch.equal(output.prediction, other.prediction)
    assert not list(generator.dense_motion_module.parameters())


def test_without_the_residual_the_motion_is_a_mean_of_the_keypoints_shifts() -> None:
    generator = networks(residual=False)['generator']
    motion = generator(image(1), points(3), points(4)).motion
    shifts = keypoint_shifts(points(3), points(4))
    moved = motion.deformation - coordinate_grid((32, 32), motion.deformation)
    low, high = shifts.amin(1)[:, None, None], shifts.amax(1)[:, None, None]
    assert bool((moved >= low - 1e-5).all() and (moved <= high + 1e-5).all())
    mean = (motion.mask[..., None] * shifts[:, :, None, None]).sum(1)
    torch.testing.assert_close(moved, mean, atol=1e-5, rtol=0)


@pytest.mark.parametrize('scale', [1.0, 0.1])
def test_without_the_coarse_part_only_the_residual_moves(scale: float) -> None:
    generator = networks(coarse=False, residual_scale=scale)['generator']
    assert generator.dense_motion_module.hourglass.decoder.conv.out_channels == 2
    generator.dense_motion_module.hourglass.decoder.conv.weight.data.zero_()
    generator.dense_motion_module.hourglass.decoder.conv.bias.data.copy_(torch.tensor([.1, -.2]))
    motion = generator(image(1), points(3), points(4)).motion
    moved = motion.deformation - coordinate_grid((32, 32), motion.deformation)
    torch.testing.assert_close(moved, scale * torch.tensor([.1, -.2]).expand_as(moved))
    torch.testing.assert_close(motion.mask.sum(1), torch.ones(2, 32, 32))


def test_without_covariances_every_keypoint_spreads_alike() -> None:
    detector = networks(variance=0.01)['kp_detector']
    found = detector(image(1))
    torch.testing.assert_close(found.covariance, 0.01 * torch.eye(2).expand(2, 4, 2, 2))
    torch.testing.assert_close(found.mean, networks()['kp_detector'](image(1)).mean)


def test_without_x_the_motion_does_not_depend_on_the_image() -> None:
    without, complete = networks(source_in_motion=False), networks()
    motions = [[nets['generator'](image(k), points(3), points(4)).motion.deformation
                for k in (1, 2)] for nets in (without, complete)]
    assert torch.equal(*motions[0])
    assert not torch.equal(*motions[1])


def test_a_dense_motion_has_a_part() -> None:
    with pytest.raises(ConfigurationError, match='coarse part'):
        build_networks('monkey_net', {'coarse': False, 'residual': False})
