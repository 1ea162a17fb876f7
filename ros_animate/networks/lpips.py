"""LPIPS: learned perceptual image patch similarity (Zhang et al., CVPR 2018), on VGG-16.

Its weights are published by others and are read from a file of the user; see `checkpoints.lpips`.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.sampling import without_autocast

# Convolutions of each block of VGG-16 (Simonyan and Zisserman, ICLR 2015).
BLOCKS = (2, 2, 3, 3, 3)
WIDTHS = (64, 128, 256, 512, 512)
SMALLEST = 2 ** (len(BLOCKS) - 1)  # side of an image in pixels, of which one is left in the end
_EPSILON = 1e-10


class Lpips(nn.Module):
    """Maps whose mean squared distance is LPIPS.

    d(x, y) = sum_l mean_hw sum_c w_lc (x_lhwc - y_lhwc)^2, eq. (1), where x_l and y_l are the last
    maps of block l of VGG-16, divided by their norms over the channels c.

    Args:
        widths: Channels of each block.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        inputs = (3, *widths[:-1])
        self.blocks = nn.ModuleList(_block(*sizes)
                                    for sizes in zip(BLOCKS, inputs, widths, strict=True))
        self.weights = nn.ParameterList(torch.ones(width) for width in widths)  # w_l >= 0
        self.register_buffer('shift', torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1))
        self.register_buffer('scale', torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Image (B, 3, H, W) in [0, 1], H and W >= 16, to maps sqrt(w_l) x_l (B, C, h, w)."""
        x = (2.0 * image - 1.0 - self.shift) / self.scale
        maps = []
        for number, block in enumerate(self.blocks):
            x = functional.max_pool2d(x, 2) if number else x
            x = block(x)
            maps.append(_weighted(x, self.weights[number]))
        return maps

    def distance(self, image: Tensor, target: Tensor) -> Tensor:
        """LPIPS (B,) of images (B, 3, H, W) in [0, 1]."""
        return torch.stack([(a - b).square().sum(dim=1).mean(dim=(1, 2))
                            for a, b in zip(self(image), self(target), strict=True)]).sum(dim=0)


def _block(count: int, inputs: int, width: int) -> nn.Sequential:
    """Convolutions of 3 x 3 with ReLU."""
    layers: list[nn.Module] = []
    for k in range(count):
        layers += [nn.Conv2d(width if k else inputs, width, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)


@without_autocast
def _weighted(x: Tensor, weights: Tensor) -> Tensor:
    """sqrt(w) x / |x|; the gradient where x is 0 is finite."""
    norm = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    return x / (norm + _EPSILON) * weights.sqrt().view(1, -1, 1, 1)
