"""Monkey-Net against the golden vectors of the reference, 64 and 256 pixels."""
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from helpers.golden_data import Golden
from torch import Tensor
from torch.nn.functional import pad

from ros_animate.animation import relative_motion
from ros_animate.checkpoints.variants import load_config
from ros_animate.networks import build_networks
from ros_animate.networks.monkey_net import Config, Generator, Keypoints
from ros_animate.networks.monkey_net.dense_motion import keypoint_shifts
from ros_animate.networks.monkey_net.keypoints import keypoint_heatmaps
from ros_animate.types import Motion

FILES = {'nemo': Golden('monkey_net', 'golden'), 'vox256': Golden('monkey_net', 'golden_vox256')}
CASES = [(variant, entry) for variant, golden in FILES.items() for entry in golden.names()]


@pytest.fixture(scope='module')
def produced() -> dict[str, dict[str, Tensor]]:
    return {variant: produce(golden, load_config('monkey_net', variant))
            for variant, golden in FILES.items()}


@pytest.mark.parametrize('variant, entry', CASES)
def test_golden(variant, entry, produced):
    FILES[variant].check(entry, produced[variant][entry], border=entry.endswith('/deformed'))


@torch.inference_mode()
def produce(golden: Golden, config: Config) -> dict[str, Tensor]:
    nets = build_networks('monkey_net', config)
    for name, net in nets.items():
        golden.fill(name, net)
    source = golden.image('source')
    clip = torch.cat([golden.image(f'driving_{i}') for i in range(3)])  # frames are a batch
    kp_source, kp_driving = nets['kp_detector'](source), nets['kp_detector'](clip)
    out = {'check/source': source, 'check/driving_1': clip[1:2],
           'kp_source/mean': kp_source.mean[None], 'kp_source/var': kp_source.covariance[None],
           'kp_driving/mean': kp_driving.mean[None], 'kp_driving/var': kp_driving.covariance[None],
           'kp_source/logits': nets['kp_detector'].logits(source)[:, :, None],
           'kp_source/gaussian': keypoint_heatmaps(kp_source, (64, 64))[None]}
    out |= discriminated(nets['discriminator'], clip[1:2], frame(kp_driving, 1))
    guess = nets['predictor'](Keypoints(kp_driving.mean[None], kp_driving.covariance[None]))
    out |= {'predictor/mean': guess.mean, 'predictor/var': guess.covariance}
    out |= transferred(kp_source, kp_driving)
    for align_corners in (True, False):
        generator = Generator(dataclasses.replace(config, align_corners=align_corners)).eval()
        generator.load_state_dict(nets['generator'].state_dict())
        out |= animated(golden, generator, source, kp_source,
                        f'align_corners_{str(align_corners).lower()}')
    return out


def discriminated(discriminator, image, keypoints) -> dict[str, Tensor]:
    maps, scores = discriminator(image, keypoints)
    return {f'discriminator/real_map_{i}_chan0': m[:, :1]
            for i, m in enumerate([*maps, scores], start=1)}


def transferred(kp_source: Keypoints, kp_driving: Keypoints) -> dict[str, np.ndarray]:
    """The clip's motion on the source, by each published rule."""
    source, *driving = [motion(k) for k in (kp_source, *(frame(kp_driving, i) for i in range(3)))]
    scale = relative_motion.movement_scale(source.keypoints, driving[0].keypoints)
    rules = {'absolute': driving,
             'relative': [relative_motion.relative_keypoints(source, d, driving[0])
                          for d in driving],
             'relative_movement_mult': [
                 relative_motion.relative_keypoints(source, d, driving[0], scale=scale)
                 for d in driving],
             'relative_adapt_variance': [
                 relative_motion.relative_keypoints(source, d, driving[0], adapt_covariance=True)
                 for d in driving]}
    rules['relative_clip_mean'] = [
        dataclasses.replace(m, keypoints=m.keypoints.clip(-1, 1)) for m in rules['relative']]
    out = {f'norm/{rule}/mean': np.stack([m.keypoints for m in motions])[None]
           for rule, motions in rules.items()}
    return out | {f'norm/{rule}/var': np.stack([m.covariances for m in motions])[None]
                  for rule, motions in rules.items()}


def animated(golden: Golden, generator: Generator, source: Tensor, kp_source: Keypoints,
             prefix: str) -> dict[str, Tensor]:
    """Outputs of the generator for the keypoints that the file stores."""
    out = {}
    step = generator.config.motion_step
    features = generator.encode(source)
    for rule in ('relative', 'relative_adapt_variance', 'absolute'):
        if f'{prefix}/{rule}/prediction' not in golden.entries:
            continue
        clip = Keypoints(*(golden.stored(f'norm/{rule}/{name}')[0] for name in ('mean', 'var')))
        kp_driving = frame(clip, 1)
        motion = generator.motion(features, kp_source, kp_driving)
        embedding = generator.dense_motion_module.embed(source[..., ::step, ::step], kp_source,
                                                        kp_driving)
        shifts = keypoint_shifts(kp_source, kp_driving)
        values = {'prediction': generator.decode(features, kp_source, kp_driving, motion),
                  'deformed': generator.warp(source, motion),
                  'deformation': pad(motion.deformation, (0, 1))[None],  # z = 0
                  'mask_embedding': embedding[:, :, None],
                  'difference_embedding_0': shifts.reshape(1, -1, 1),
                  'kp_embedding': generator.keypoint_maps(features, kp_source,
                                                          kp_driving)[:, :, None]}
        if f'{prefix}/{rule}/prediction_frame2' in golden.entries:
            values['prediction_frame2'] = generator.render(features, kp_source, frame(clip, 2))
        out |= {f'{prefix}/{rule}/{name}': value for name, value in values.items()}
    return out


def frame(clip: Keypoints, index: int) -> Keypoints:
    return Keypoints(clip.mean[index:index + 1], clip.covariance[index:index + 1])


def motion(keypoints: Keypoints) -> Motion:
    return Motion('monkey_net', 0.0, keypoints=keypoints.mean[0].numpy(),
                  covariances=keypoints.covariance[0].numpy())
