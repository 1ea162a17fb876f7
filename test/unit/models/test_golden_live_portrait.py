"""LivePortrait's networks against the golden vectors of the reference."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.golden_data import Golden
from torch import Tensor, nn

from ros_animate.animation import relative_motion
from ros_animate.networks import build_networks
from ros_animate.networks.live_portrait import FaceMotion, rotation_matrix, transform

# Half a minute of one core.
pytestmark = pytest.mark.slow

GOLDEN = Golden('live_portrait')
WHO = ('source', 'driving_0', 'driving_1')
R = 'stitching_retargeting_module.'


@pytest.fixture(scope='module')
def produced() -> dict[str, Tensor]:
    return produce()


@pytest.mark.parametrize('entry', GOLDEN.names())
def test_golden(entry, produced):
    GOLDEN.check(entry, produced[entry])


@torch.inference_mode()
def produce() -> dict[str, Tensor]:
    nets = build_networks('live_portrait')
    for name, net in nets.items():
        GOLDEN.fill(name, net)
    images = {who: GOLDEN.image(who) for who in WHO}
    volume = nets['appearance_feature_extractor'](images['source'])
    out = {'check/source': images['source'], 'feature_3d': volume}
    estimated = {who: nets['motion_extractor'](image) for who, image in images.items()}
    for who, motion in estimated.items():
        out |= {f'motion/{who}/{name}': value for name, value in described(motion).items()}
    made_up = {who: synthetic(who) for who in WHO}
    for who, motion in made_up.items():
        out |= {f'syn/{who}/{name}': described(motion)[name]
                for name in ('degrees_pitch_yaw_roll', 'rotation', 'x')}
    out |= adjusted(nets, keypoints(made_up['source']), keypoints(made_up['driving_1']))
    hulls = (keypoints(made_up[who])[0].numpy() for who in ('source', 'driving_1'))
    out['motion_multiplier'] = np.asarray(relative_motion.movement_scale(*hulls))
    return (out | generated(nets, volume, made_up, 'syn')
            | generated(nets, volume, estimated, 'from_images'))


def synthetic(who: str) -> FaceMotion:
    def vector(name: str, shape: tuple[int, ...], scale: float, shift: float = 0.0) -> Tensor:
        return GOLDEN.vector(f'syn.{who}.{name}', shape, scale, shift)
    return FaceMotion(*(vector(angle, (1, 66), 2) for angle in ('pitch', 'yaw', 'roll')),
                      translation=vector('t', (1, 3), 0.05),
                      scale=vector('scale', (1, 1), 0.05, 1.3),
                      expression=points(f'syn.{who}.exp', 0.05),
                      canonical=points('syn.kp_canonical', 0.3))


def points(name: str, scale: float) -> Tensor:
    return GOLDEN.vector(name, (1, 63), scale).unflatten(1, (21, 3))


def described(motion: FaceMotion) -> dict[str, Tensor]:
    return {'pitch_bins': motion.pitch, 'yaw_bins': motion.yaw, 'roll_bins': motion.roll,
            't': motion.translation, 'scale': motion.scale, 'exp': motion.expression,
            'kp': motion.canonical, 'degrees_pitch_yaw_roll': motion.degrees(),
            'rotation': rotation_matrix(motion.degrees()), 'x': keypoints(motion)}


def keypoints(motion: FaceMotion) -> Tensor:
    return transform(motion.canonical, rotation_matrix(motion.degrees()), motion.expression,
                     motion.scale, motion.translation)


def adjusted(nets: dict[str, nn.Module], source: Tensor, driving: Tensor) -> dict[str, Tensor]:
    """Stitching and retargeting."""
    eyes = GOLDEN.vector('syn.eye_ratio', (1, 3), 0.3).abs()
    lips = GOLDEN.vector('syn.lip_ratio', (1, 2), 0.3).abs()
    return {'stitch/raw_delta': nets[R + 'stitching'].delta(source, driving),
            'stitch/kp': nets[R + 'stitching'](source, driving),
            'retarget/eye_delta': nets[R + 'eye'](source, eyes),
            'retarget/lip_delta': nets[R + 'lip'](source, lips)}


def generated(nets: dict[str, nn.Module], volume: Tensor, motions: dict[str, FaceMotion],
              name: str) -> dict[str, Tensor]:
    """W and G, from the source to the second driving frame."""
    warped = nets['warping_module'](volume, keypoints(motions['source']),
                                    keypoints(motions['driving_1']))
    image = nets['spade_generator'](warped.features)
    return {f'warp/{name}/deformation': warped.motion.deformation,
            f'warp/{name}/occlusion_map': warped.motion.occlusion,
            f'warp/{name}/mask': warped.motion.mask, f'warp/{name}/out': warped.features,
            f'generator/{name}/out': image, f'generator/{name}/out_crop': image}
