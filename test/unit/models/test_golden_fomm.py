"""FOMM against the golden vectors of the reference."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from helpers.golden_data import Golden
from torch import Tensor

from ros_animate.animation import relative_motion
from ros_animate.networks import build_networks
from ros_animate.networks.fomm import Config, Generator, Keypoints
from ros_animate.networks.fomm.dense_motion import sparse_motions
from ros_animate.networks.fomm.equivariance import Deformation
from ros_animate.networks.layers import AntiAliasDownsample
from ros_animate.networks.sampling import gaussian_heatmaps
from ros_animate.types import Motion

GOLDEN = Golden('fomm')


@pytest.fixture(scope='module')
def produced() -> dict[str, Tensor]:
    return produce(Config())


@pytest.mark.parametrize('entry', GOLDEN.names())
def test_golden(entry, produced):
    GOLDEN.check(entry, produced[entry], border=entry.endswith('deformed'))


@torch.no_grad()
def produce(config: Config) -> dict[str, Tensor]:
    nets = build_networks('fomm', config)
    for name, net in nets.items():
        GOLDEN.fill(name, net)
    images = {name: GOLDEN.image(name) for name in ('source', 'driving_0', 'driving_1')}
    detector = nets['kp_detector']
    keypoints = {name: detector(image) for name, image in images.items()}
    features = detector.features(images['source'])
    out = {'check/source': images['source'], 'check/driving_1': images['driving_1'],
           'antialias_down/source': detector.down(images['source']),
           'kp_source/feature_map': features, 'kp_source/logits': detector.kp(features),
           'kp_source/gaussian': gaussian_heatmaps(keypoints['source'].value, (64, 64),
                                                   config.heatmap_variance)}
    for name, points in keypoints.items():
        out |= {f'kp_{name}/value': points.value, f'kp_{name}/jacobian': points.jacobian}
    out |= transferred(keypoints)
    for align_corners in (True, False):
        generator = Generator(dataclasses.replace(config, align_corners=align_corners)).eval()
        generator.load_state_dict(nets['generator'].state_dict())
        out |= animated(generator, images['source'], keypoints['source'],
                        f'align_corners_{str(align_corners).lower()}')
    maps, scores = nets['discriminator'](images['driving_1'], keypoints['driving_1'])
    out |= {f'discriminator/feature_map_{i}': m for i, m in enumerate(maps)}
    out['discriminator/prediction_map'] = scores
    out |= {f'pyramid/prediction_{scale}': AntiAliasDownsample(3, float(scale))(images['driving_1'])
            for scale in ('1', '0.5', '0.25', '0.125')}
    return out | deformed(images['driving_1'], keypoints['driving_1'])


def transferred(keypoints: dict[str, Keypoints]) -> dict[str, np.ndarray]:
    """The driving motion on the source, by each published rule."""
    source, first, driving = (motion(keypoints[n]) for n in ('source', 'driving_0', 'driving_1'))
    scale = relative_motion.movement_scale(source.keypoints, first.keypoints)
    relative = relative_motion.relative_keypoints(source, driving, first)
    adapted = relative_motion.relative_keypoints(source, driving, first, scale=scale)
    # The rule adapt_only of the reference scales nothing, as nothing is relative.
    rules = {'absolute': (driving, driving), 'adapt_only': (driving, driving),
             'relative': (relative, driving), 'relative_adapt': (adapted, driving),
             'relative_jacobian': (relative, relative),
             'relative_jacobian_adapt': (adapted, adapted)}
    out = {'norm/movement_scale': np.asarray(scale)}
    for rule, (value, jacobian) in rules.items():
        out |= {f'norm/{rule}/value': value.keypoints[None],
                f'norm/{rule}/jacobian': jacobian.jacobians[None]}
    return out


def motion(keypoints: Keypoints) -> Motion:
    return Motion('fomm', 0.0, keypoints=keypoints.value[0].numpy(),
                  jacobians=keypoints.jacobian[0].numpy())


def animated(generator: Generator, source: Tensor, kp_source: Keypoints,
             prefix: str) -> dict[str, Tensor]:
    """Outputs of the generator for the keypoints that the file stores."""
    out = {}
    network = generator.dense_motion_network
    features = generator.encode(source)
    for rule in ('relative_jacobian_adapt', 'relative', 'absolute'):
        if f'{prefix}/{rule}/prediction' not in GOLDEN.entries:
            continue
        kp_driving = Keypoints(GOLDEN.stored(f'norm/{rule}/value'),
                               GOLDEN.stored(f'norm/{rule}/jacobian'))
        motion = network.estimate(features.small, kp_source, kp_driving)
        image = generator.decode(features, motion)
        motions = sparse_motions(kp_source, kp_driving, (64, 64))
        values = {'prediction': image, 'prediction_crop': image,
                  'deformed': generator.warp(source, motion),
                  'deformation': motion.deformation, 'mask': motion.mask,
                  'occlusion_map': motion.occlusion,
                  'sparse_deformed': network.warped_copies(features.small, motions)}
        out |= {f'{prefix}/{rule}/{name}': value for name, value in values.items()}
    return out


def deformed(image: Tensor, keypoints: Keypoints) -> dict[str, Tensor]:
    """A known deformation of a frame, and of keypoints."""
    affine = torch.eye(2, 3) + GOLDEN.vector('tps_theta', (1, 2, 3), 0.05)
    deformation = Deformation(affine, GOLDEN.vector('tps_params', (1, 1, 25), 0.005).flatten(1))
    return {'equivariance/transformed_frame': deformation.warp_image(image, align_corners=True),
            'equivariance/warped_kp': deformation(keypoints.value),
            'equivariance/jacobian': deformation.jacobian(keypoints.value).detach()}
