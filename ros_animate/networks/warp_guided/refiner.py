"""The refining network: corrects the warp, restores what it revealed, and paints."""
from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.layers import ConvBlock, ResidualBlock, parameter_dtype
from ros_animate.networks.sampling import coordinate_grid, resize, without_autocast
from ros_animate.networks.warp_guided.blocks import BLOCK_CHANNELS, from_blocks, to_blocks
from ros_animate.networks.warp_guided.config import Config
from ros_animate.networks.warp_guided.warped_source import (
    GUIDE_CHANNELS,
    MASK_CHANNELS,
    SourceFeatures,
    WarpedSource,
)

_SHIFT = 0.02  # shift of an output of 1, where the image reaches from -1 to 1


class Refinement(NamedTuple):
    """A refined image, and how it was made.

    Attributes:
        prediction: (B, 3, S, S) in [0, 1].
        positions: (B, S, S, 2) where the warped image is sampled, in [-1, 1].
        blend: (B, 1, S, S) share of the source.
    """

    prediction: Tensor
    positions: Tensor
    blend: Tensor


class Refiner(nn.Module):
    """A U-Net at half the resolution.

    The refined image is

        (1 - m) w(x + d) + m s(x + e) + r

    of the warped image w and the source s, with two fields of displacements d and e, a blending
    mask m and a residual r, all of them multiplied by the gate. The last layer begins at zero: an
    untrained network leaves the warped image as it is. Features of the source are computed once.
    """

    half_precision = True

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = config.widths
        levels = range(widths.levels)
        self.first = _FirstBlock(BLOCK_CHANNELS + GUIDE_CHANNELS + 1,
                                 BLOCK_CHANNELS + MASK_CHANNELS, widths.at(0))
        self.down_blocks = nn.ModuleList(_DownBlock(widths.at(i), widths.at(i + 1))
                                         for i in levels)
        self.bottleneck = nn.Sequential(*(ResidualBlock(widths.at(widths.levels))
                                          for _ in range(config.blocks)))
        self.up_blocks = nn.ModuleList(_UpBlock(widths.at(i + 1), widths.at(i))
                                       for i in reversed(levels))
        self.final = nn.Conv2d(widths.at(0), BLOCK_CHANNELS + 5, 3, padding=1)
        nn.init.zeros_(self.final.weight)
        assert self.final.bias is not None
        nn.init.zeros_(self.final.bias)

    def encode(self, source: Tensor, masks: Tensor) -> SourceFeatures:
        """The features of a source.

        Args:
            source: (B, 3, S, S).
            masks: (B, MASK_CHANNELS, S / 2, S / 2) of its face.
        """
        return SourceFeatures(source, self.first.source(self._stacked(to_blocks(source), masks)))

    def render(self, source: SourceFeatures, warped: Tensor, guides: Tensor,
               gate: Tensor) -> Tensor:
        """The refined image (B, 3, S, S); see WarpedSource for the arguments."""
        return self._refine(source, warped, guides, gate).prediction

    def forward(self, content: WarpedSource) -> Refinement:
        return self._refine(self.encode(content.source, content.source_masks), content.warped,
                            content.guides, content.gate)

    def _refine(self, source: SourceFeatures, warped: Tensor, guides: Tensor,
                gate: Tensor) -> Refinement:
        x = self._stacked(to_blocks(warped), guides, gate)
        maps = [self.first(x, source.maps)]
        for block in self.down_blocks:
            maps.append(block(maps[-1]))
        x = self.bottleneck(maps.pop())
        for block in self.up_blocks:
            x = block(x, maps.pop())
        return _composed(warped, source.image, gate, self.final(x))

    def _stacked(self, *maps: Tensor) -> Tensor:
        """Maps as one, in the precision of the features, channels last in memory."""
        dtype = parameter_dtype(self)
        return torch.cat([part.to(dtype, memory_format=torch.channels_last) for part in maps], 1)


class _FirstBlock(nn.Module):
    """A convolution of what moves, and one of the source, whose result is the same every time."""

    FUSIBLE: ClassVar = (('moving', 'norm'),)

    def __init__(self, moving: int, source: int, outputs: int) -> None:
        super().__init__()
        self.moving = nn.Conv2d(moving, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.source = nn.Conv2d(source, outputs, 3, padding=1, bias=False)

    def forward(self, moving: Tensor, source: Tensor) -> Tensor:
        return functional.relu(self.norm(self.moving(moving)) + source)


class _DownBlock(nn.Module):
    """A convolution with stride 2, and one at the lower resolution."""

    FUSIBLE: ClassVar = (('conv', 'norm'),)

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        self.block = ConvBlock(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(functional.relu(self.norm(self.conv(x))))


class _UpBlock(nn.Module):
    """Fewer channels, twice the resolution, then a convolution beside the encoder's maps."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.narrow = ConvBlock(inputs, outputs, kernel=1)
        self.block = ConvBlock(2 * outputs, outputs)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = functional.interpolate(self.narrow(x), scale_factor=2.0)
        return self.block(torch.cat([x, skip], dim=1))


@without_autocast
def _composed(warped: Tensor, source: Tensor, gate: Tensor, output: Tensor) -> Refinement:
    """The refined image from the output (B, 17, S / 2, S / 2) of the last layer."""
    gated = output.float() * gate
    residual = from_blocks(gated[:, :BLOCK_CHANNELS])
    size = warped.shape[2:]
    # With the channels last, the coordinates of a position lie side by side.
    fields = resize(gated[:, BLOCK_CHANNELS:].contiguous(memory_format=torch.channels_last), size,
                    'bilinear')
    shifts, blend = _SHIFT * fields[:, :4].permute(0, 2, 3, 1), fields[:, 4:].clamp(0, 1)
    grid = coordinate_grid(size, shifts)
    positions = grid + shifts[..., :2]
    refined = torch.lerp(_sampled(warped, positions), _sampled(source, grid + shifts[..., 2:]),
                         blend)
    return Refinement((refined + residual).clamp(0, 1), positions, blend)


def _sampled(image: Tensor, positions: Tensor) -> Tensor:
    return functional.grid_sample(image.float(), positions, padding_mode='border',
                                  align_corners=True)
