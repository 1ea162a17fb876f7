"""The networks of `ros_animate.networks`, computed as in their reference implementations.

Weights and results are the same, the computation is the authors': eager float32, source features
and the warped source image again for every frame where the reference does so, norms as layers,
clips as five-dimensional tensors, one sampled copy of the source per keypoint, heat maps with
denormal values.
"""
from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.layers import ConvBlock, PlanarConv, ResidualBlock
from ros_animate.networks.sampling import coordinate_grid

_USERS = ('ros_animate.networks.monkey_net.dense_motion', 'ros_animate.networks.fomm.dense_motion',
          'ros_animate.networks.face_vid2vid.dense_motion')


class ClipConv(nn.Module):
    """A PlanarConv as a convolution over clips, as in the reference."""

    def __init__(self, conv: PlanarConv) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, frames: Tensor) -> Tensor:
        conv = self.conv
        margin = conv.kernel_size[0] // 2
        clip = functional.conv3d(frames.unsqueeze(2), conv.weight, conv.bias,
                                 padding=(0, margin, margin), groups=conv.groups)
        return clip.squeeze(2)


class ClipNorm(nn.BatchNorm3d):
    """A batch norm over clips."""

    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames.unsqueeze(2)).squeeze(2)


def as_the_reference(network: nn.Module) -> nn.Module:
    """`network` itself, with Monkey-Net's layers over clips."""
    for block in list(network.modules()):
        if isinstance(block, (ConvBlock, ResidualBlock)):
            for name, child in list(block.named_children()):
                if isinstance(child, PlanarConv):
                    setattr(block, name, ClipConv(child))
                elif isinstance(child, nn.BatchNorm2d) and _is_clip(block):
                    norm = ClipNorm(child.num_features).eval()
                    norm.load_state_dict(child.state_dict())
                    setattr(block, name, norm)
        else:
            for name, child in list(block.named_children()):
                if isinstance(child, PlanarConv):
                    setattr(block, name, ClipConv(child))
    return network


@contextlib.contextmanager
def reference_functions() -> Iterator[None]:
    """Within this context copies of the source are sampled, and heat maps are plain Gaussians."""
    replaced = {'translated_copies': sampled_copies, 'gaussian_heatmaps': plain_heatmaps}
    originals = {}
    for module in map(importlib.import_module, _USERS):
        for name, function in replaced.items():
            if hasattr(module, name):
                originals[module, name] = getattr(module, name)
                setattr(module, name, function)
    try:
        yield
    finally:
        for (module, name), function in originals.items():
            setattr(module, name, function)


def sampled_copies(features: Tensor, shift: Tensor, align_corners: bool) -> Tensor:
    """`sampling.translated_copies` by sampling a copy of the features for every shift."""
    size, count = features.shape[2:], shift.shape[1]
    grid = coordinate_grid(size, shift)
    offset = shift.unflatten(1, (count, *[1] * len(size)))
    positions = (grid + offset).flatten(0, 1)
    copies = features[:, None].expand(-1, count, *features.shape[1:]).flatten(0, 1)
    return functional.grid_sample(copies, positions,
                                  align_corners=align_corners).unflatten(0, (-1, count))


def plain_heatmaps(keypoints: Tensor, size: Sequence[int], variance: float) -> Tensor:
    """`sampling.gaussian_heatmaps` by the formula."""
    centre = keypoints.unflatten(1, (keypoints.shape[1], *[1] * len(size)))
    distance = (coordinate_grid(size, keypoints) - centre).square().sum(dim=-1)
    return torch.exp(-0.5 * distance / variance)


def _is_clip(block: nn.Module) -> bool:
    return any(isinstance(m, (PlanarConv, ClipConv)) for m in block.children())
