"""Hourglass networks (Newell et al., ECCV 2016; U-Nets): encoder and decoder with skips."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ros_animate.networks.layers import IMAGE_LAYERS, DownBlock, LayerTypes, UpBlock, Widths


class Encoder(nn.Module):
    """DownBlocks; returns the input and the output of each level, finest first."""

    def __init__(self, widths: Widths, inputs: int, layers: LayerTypes = IMAGE_LAYERS) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(
            DownBlock(inputs if i == 0 else widths.at(i), widths.at(i + 1), layers)
            for i in range(widths.levels))

    def forward(self, x: Tensor) -> list[Tensor]:
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class Decoder(nn.Module):
    """UpBlocks; after each one the encoder's output of that level (a skip) is concatenated.

    Args:
        widths: Channels by level, those of the encoder.
        inputs: Channels of the encoder's input, which is the last skip.
        layers: Types of the layers.
        extra: Channels that the caller adds to every skip.

    Attributes:
        outputs: Channels of the result, `widths.base + inputs + extra`.
    """

    def __init__(self, widths: Widths, inputs: int, layers: LayerTypes = IMAGE_LAYERS,
                 extra: int = 0) -> None:
        super().__init__()
        deepest = widths.levels - 1
        self.up_blocks = nn.ModuleList(
            UpBlock((1 if i == deepest else 2) * widths.at(i + 1) + extra, widths.at(i), layers)
            for i in range(deepest, -1, -1))
        self.outputs = widths.base + inputs + extra

    def forward(self, skips: list[Tensor]) -> Tensor:
        x = skips[-1]
        for block, skip in zip(self.up_blocks, reversed(skips[:-1]), strict=True):
            x = torch.cat([block(x), skip], dim=1)
        return x


class Hourglass(nn.Module):
    """Decoder after encoder, (B, inputs, *size) to (B, outputs, *size).

    Attributes:
        outputs: Channels of the result.
    """

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.outputs = decoder.outputs

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))
