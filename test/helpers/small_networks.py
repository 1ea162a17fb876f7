"""Small networks of every family, with random weights, statistics and gains."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks import build_networks
from ros_animate.networks.fomm import Keypoints as FommKeypoints
from ros_animate.networks.monkey_net import Keypoints as MonkeyKeypoints
from ros_animate.networks.x2face import DRIVING, EMBEDDING

VOLUME = {'block_expansion': 16, 'max_features': 64, 'volume_channels': 8, 'volume_depth': 4,
          'volume_blocks': 1, 'motion_features': 8, 'motion_max_features': 32, 'motion_levels': 2,
          'spade_blocks': 2, 'spade_hidden': 16}
FACE = {**VOLUME, 'keypoint_max_features': 32, 'keypoint_features': 8, 'keypoint_levels': 2,
        'pose_features': 8, 'decoder_blocks': 2}
CONFIGS = {
    'monkey_net': {'max_features': 64, 'generator_levels': 3, 'motion_levels': 3,
                   'keypoint_levels': 3, 'discriminator_levels': 3, 'predictor_features': 8},
    'x2face': {'image_size': 64, 'block_expansion': 8, 'max_features': 32, 'driving_features': 16},
    'fomm': {'max_features': 64, 'hourglass_features': 64, 'keypoint_features': 8,
             'motion_features': 16, 'keypoint_levels': 3, 'motion_levels': 3,
             'generator_features': 16, 'bottleneck_blocks': 2, 'discriminator_levels': 3},
    'face_vid2vid': FACE,
    'face_vid2vid_spade': {**FACE, 'generator': 'spade'},
    'live_portrait': {**VOLUME, 'dims': (8, 16, 16, 32), 'depths': (1, 1, 1, 1)}}
SIZE = 64
# Variances by layer: the residual sums of the SPADE decoder grow without a gain, and the last
# layers give images with contrast and without saturation, X2Face's small shifts.
_GAINS = {'model.up': 0.02, 'conv_img': 0.02, 'conv-last': 0.02, 'final': 0.5, 'conv_': 1.0,
          'mlp_': 1.0, 'fc.': 1.0}


@dataclass(frozen=True)
class Small:
    """A small model.

    Attributes:
        networks: Its networks by name.
        animate: Networks and source (B, 3, S, S) to the animated image.
    """

    networks: dict[str, nn.Module]
    animate: Callable[[dict[str, nn.Module], Tensor], Tensor]

    @property
    def generators(self) -> list[str]:
        """Names of the networks that generate the image."""
        return [n for n in ('generator', 'appearance_feature_extractor', 'warping_module',
                            'spade_generator', EMBEDDING, DRIVING) if n in self.networks]


def small(name: str, seed: int = 0) -> Small:
    """One of CONFIGS, always with the same weights."""
    torch.manual_seed(seed)
    family = name.removesuffix('_spade')
    networks = build_networks(family, CONFIGS[name])
    for network in networks.values():
        randomise(network)
    keypoints = keypoints_of(family, next(iter(networks.values())))
    return Small(networks, lambda nets, source: animate(family, nets, source, *keypoints))


def randomise(network: nn.Module) -> nn.Module:
    """Random statistics and gains, with which folding and normalisation are not the identity."""
    for name, value in network.eval().state_dict().items():
        leaf = name.rsplit('.', 1)[-1]
        if leaf == 'running_var':
            value.uniform_(0.8, 1.5)
        elif leaf == 'running_mean':
            value.normal_(0, 0.1)
        elif leaf == 'weight' and value.ndim == 1:
            value.normal_(1, 0.2)
        elif leaf in ('weight', 'weight_orig') and value.ndim > 1 and 'down.weight' not in name:
            value.normal_(0, (_gain(name) / value[0].numel()) ** 0.5)
    for module in network.modules():
        if hasattr(module, 'weight_orig'):
            _set_singular_vectors(module)
    return network


def _set_singular_vectors(module: nn.Module) -> None:
    """Singular vectors of the new weights: the spectral norm divides by u^T W v."""
    u, _, v = torch.linalg.svd(module.weight_orig.detach().flatten(1), full_matrices=False)
    module.weight_u.copy_(u[:, 0])
    module.weight_v.copy_(v[0])


def _gain(name: str) -> float:
    return next((gain for part, gain in _GAINS.items() if part in name), 2.0)


def keypoints_of(family: str, detector: nn.Module) -> tuple:
    """Keypoints of the source and of the driving side."""
    count, size = 10, 2
    if family in ('face_vid2vid', 'live_portrait'):
        count, size = (15 if family == 'face_vid2vid' else 21), 3
    source = torch.rand(1, count, size) * 1.6 - 0.8
    driving = source + 0.1 * torch.randn(1, count, size)
    spread = torch.eye(2).expand(1, count, 2, 2) + 0.1 * torch.randn(1, count, 2, 2)
    if family == 'monkey_net':
        covariance = 0.05 * spread @ spread.transpose(-1, -2)
        return MonkeyKeypoints(source, covariance), MonkeyKeypoints(driving, covariance)
    if family == 'fomm':
        return FommKeypoints(source, spread), FommKeypoints(driving, spread.flip(1))
    return source, driving


def animate(family: str, networks: dict[str, nn.Module], source: Tensor, kp_source: object,
            kp_driving: object) -> Tensor:
    if family == 'x2face':
        vector = networks[DRIVING].encode(source.flip(-1))
        return networks[DRIVING].render(networks[EMBEDDING].embed(source), vector)
    if family == 'live_portrait':
        volume = networks['appearance_feature_extractor'](source)
        warped = networks['warping_module'](volume, kp_source, kp_driving)
        return networks['spade_generator'](warped.features)
    generator = networks['generator']
    return generator.render(generator.encode(source), kp_source, kp_driving)
