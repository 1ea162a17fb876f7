"""face-vid2vid against the golden vectors of the reference, with both generators."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.golden_data import Golden
from torch import Tensor

from ros_animate.animation import relative_motion
from ros_animate.checkpoints.variants import load_config
from ros_animate.networks import build_networks
from ros_animate.networks.face_vid2vid import (
    Generator,
    HeadPose,
    SpadeGenerator,
    rotation_matrix,
    transform,
)
from ros_animate.types import Motion

# Half a minute of one core.
pytestmark = pytest.mark.slow

GOLDEN = Golden('face_vid2vid')
WHO = ('source', 'driving_0', 'driving_1')


@pytest.fixture(scope='module')
def produced() -> dict[str, Tensor]:
    return produce()


@pytest.mark.parametrize('entry', GOLDEN.names())
def test_golden(entry, produced):
    GOLDEN.check(entry, produced[entry])


@torch.inference_mode()
def produce() -> dict[str, Tensor]:
    nets = build_networks('face_vid2vid')
    for name, net in nets.items():
        GOLDEN.fill(name, net)
    images = {who: GOLDEN.image(who) for who in WHO}
    detector = nets['kp_detector']
    canonical = detector(images['source'])
    out = {'check/source': images['source'], 'kp_canonical/value': canonical,
           'kp_canonical/logits': detector.logits(images['source'])}
    estimated = {}
    for who, image in images.items():
        pose = nets['he_estimator'](image)
        estimated[who] = keypoints(canonical, pose)
        out |= {f'he/{who}/{name}': value for name, value in pose_entries(pose).items()}
        out[f'kp_from_images/{who}'] = estimated[who]
    synthetic, synthetic_out = synthetic_keypoints()
    scores = nets['discriminator'](images['driving_1'])[1]
    out |= synthetic_out | transferred(synthetic) | {'discriminator/prediction_map': scores}
    out |= animated(nets['generator'], 'generator', images['source'], synthetic, estimated)
    del nets
    spade = SpadeGenerator(load_config('face_vid2vid', 'vox256_spade'))
    GOLDEN.fill('generator_spade', spade)
    return out | animated(spade, 'generator_spade', images['source'], synthetic, estimated)


def keypoints(canonical: Tensor, pose: HeadPose) -> Tensor:
    return transform(canonical, rotation_matrix(pose.degrees()), pose.translation,
                     pose.expression)


def pose_entries(pose: HeadPose) -> dict[str, Tensor]:
    return {'yaw': pose.yaw, 'pitch': pose.pitch, 'roll': pose.roll, 't': pose.translation,
            'exp': pose.expression.flatten(1), 'degrees_yaw_pitch_roll': pose.degrees()[0]}


def synthetic_keypoints() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Keypoints of made-up poses, and the entries about them."""
    canonical = GOLDEN.vector('syn.kp_canonical', (1, 15, 3), 0.35)
    synthetic, out = {}, {}
    for who in WHO:
        pose = HeadPose(*(GOLDEN.vector(f'syn.{who}.{angle}', (1, 66), 2)
                          for angle in ('yaw', 'pitch', 'roll')),
                        translation=GOLDEN.vector(f'syn.{who}.t', (1, 3), 0.05),
                        expression=GOLDEN.vector(f'syn.{who}.exp', (1, 45),
                                                 0.05).unflatten(1, (15, 3)))
        synthetic[who] = keypoints(canonical, pose)
        out |= {f'syn/{who}/degrees_yaw_pitch_roll': pose.degrees()[0],
                f'syn/{who}/rotation': rotation_matrix(pose.degrees()),
                f'syn/{who}/kp': synthetic[who]}
    # Free view: the last driving face, turned to other angles.
    _, pitch, roll = pose.degrees()[0].tolist()
    for name, angles in (('yaw20_pitch-10_roll5', (20, -10, 5)), ('yaw30_only', (30, pitch, roll))):
        rotation = rotation_matrix(torch.tensor([angles], dtype=torch.float32))
        out[f'syn/free_view_{name}/kp'] = transform(canonical, rotation, pose.translation,
                                                    pose.expression)
    return synthetic, out


def transferred(synthetic: dict[str, Tensor]) -> dict[str, np.ndarray]:
    source, first, driving = (Motion('face_vid2vid', 0.0, keypoints=synthetic[who][0].numpy())
                              for who in WHO)
    scale = relative_motion.movement_scale(source.keypoints, first.keypoints)
    return {'norm/movement_scale': np.asarray(scale),
            'norm/relative/kp': relative_motion.relative_keypoints(
                source, driving, first).keypoints[None],
            'norm/relative_adapt/kp': relative_motion.relative_keypoints(
                source, driving, first, scale=scale).keypoints[None]}


def animated(generator: Generator, name: str, source: Tensor, synthetic: dict[str, Tensor],
             estimated: dict[str, Tensor]) -> dict[str, Tensor]:
    volume = generator.encode(source)
    warped = generator.warp(volume, synthetic['source'], GOLDEN.stored('norm/relative/kp'))
    image = generator.decode(warped.features)
    return {f'{name}/feature_3d': volume, f'{name}/relative/prediction': image,
            f'{name}/relative/prediction_crop': image,
            f'{name}/relative/deformation': warped.motion.deformation,
            f'{name}/relative/mask': warped.motion.mask,
            f'{name}/relative/occlusion_map': warped.motion.occlusion,
            f'{name}/from_images/prediction': generator.render(volume, estimated['source'],
                                                               estimated['driving_1'])}
