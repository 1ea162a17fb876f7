"""Small networks of every family, as converted checkpoints: what animators are tested with."""
from __future__ import annotations

import pathlib
from typing import Any

import torch

from ros_animate.checkpoints import checkpoint
from ros_animate.configuration import build
from ros_animate.networks import build_networks, find_family

VOLUME = {'image_size': 32, 'block_expansion': 4, 'max_features': 16, 'volume_channels': 2,
          'volume_depth': 4, 'volume_blocks': 1, 'motion_features': 4, 'motion_max_features': 8,
          'motion_levels': 2, 'spade_blocks': 1, 'spade_hidden': 4}
CONFIGS: dict[str, dict[str, Any]] = {
    'monkey_net': {'image_size': 32, 'num_keypoints': 4, 'block_expansion': 4, 'max_features': 8,
                   'keypoint_levels': 2, 'motion_levels': 2, 'generator_levels': 2,
                   'refinement_blocks': 1, 'discriminator_features': 8,
                   'discriminator_levels': 2, 'predictor_features': 8},
    'x2face': {'image_size': 32, 'block_expansion': 8, 'max_features': 16, 'driving_features': 32},
    'fomm': {'image_size': 64, 'num_keypoints': 4, 'keypoint_features': 4, 'keypoint_levels': 2,
             'motion_features': 4, 'motion_levels': 2, 'hourglass_features': 8,
             'generator_features': 4, 'max_features': 8, 'bottleneck_blocks': 1,
             'discriminator_features': 4, 'discriminator_max_features': 8},
    'face_vid2vid': {**VOLUME, 'num_keypoints': 5, 'decoder_blocks': 1, 'keypoint_features': 4,
                     'keypoint_max_features': 8, 'keypoint_levels': 2, 'pose_features': 4,
                     'discriminator_features': 4, 'discriminator_max_features': 8},
    'live_portrait': {**VOLUME, 'depths': [1, 1, 1, 1], 'dims': [4, 4, 8, 8],
                      'stitching_hidden': [8], 'lip_hidden': [8], 'eye_hidden': [8]},
}
FAMILIES = tuple(CONFIGS)


def save(family: str, folder: pathlib.Path, without: tuple[str, ...] = ()) -> pathlib.Path:
    """A converted checkpoint of small random networks; returns its folder.

    Args:
        family: One of FAMILIES.
        folder: To write.
        without: Sub-networks that the checkpoint shall lack.
    """
    torch.manual_seed(0)
    config = build(find_family(family).Config, CONFIGS[family], family)
    networks = {name: {key: _lively(key, value) for key, value in network.state_dict().items()}
                for name, network in build_networks(family, config).items() if name not in without}
    return checkpoint.Checkpoint(folder, family, 'tiny', config, networks, ()).save(folder)


def _lively(name: str, value: torch.Tensor) -> torch.Tensor:
    """Larger weights than at the start of a training, at which all motion looks the same."""
    if value.ndim < 2 or name.endswith('down.weight'):
        return value
    gain = 0.02 if 'fc_t' in name or 'fc_exp' in name else 1.0  # faces stay in the image
    return gain * torch.randn_like(value) * (2 / value[0].numel()) ** 0.5
