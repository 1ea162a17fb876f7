"""U-Nets in the manner of pix2pix: an image is halved down to a single cell and doubled again.

Attribute names are those of the published checkpoints.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_SLOPE = 0.2


class Level(nn.Module):
    """One level of a U-Net: half the size, the levels inside, twice the size.

    Args:
        channels: Channels of the input, at half the size, and of the output.
        submodule: The levels inside; None for the innermost one.
        skips: True if the maps at half the size also go around the levels inside.
        outermost: True for the level that takes the image and gives the result.
    """

    def __init__(self, channels: tuple[int, int, int], submodule: Level | None, skips: bool,
                 outermost: bool) -> None:
        super().__init__()
        inputs, inner, outputs = channels
        innermost = submodule is None
        self.skips = skips and not innermost
        activation = [] if outermost else [nn.LeakyReLU(_SLOPE)]
        norm = [] if outermost or innermost else [nn.BatchNorm2d(inner)]
        self.down = nn.Sequential(
            *activation, nn.Conv2d(inputs, inner, 4, stride=2, padding=1, bias=False), *norm)
        self.up = nn.Sequential(
            nn.ReLU(), nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True),
            nn.Conv2d(2 * inner if self.skips else inner, outputs, 3, padding=1, bias=False),
            *([] if outermost else [nn.BatchNorm2d(outputs)]))
        self.submodule = submodule

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H, W)."""
        x = self.down(x)
        if self.submodule is not None:
            inside = self.submodule(x)
            x = torch.cat([inside, x], dim=1) if self.skips else inside
        return self.up(x)

    def encode(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to the single cell in the middle, (B, C, 1, 1)."""
        x = self.down(x)
        return x if self.submodule is None else self.submodule.encode(x)

    def decode(self, code: Tensor) -> Tensor:
        """The cell in the middle to (B, outputs, H, W), in a U-Net without skips."""
        return self.up(code if self.submodule is None else self.submodule.decode(code))


class UNet(nn.Module):
    """A U-Net (B, 3, H, W) to (B, outputs, H, W).

    Before training all outputs are zero: both networks then sample every place from itself.

    Args:
        channels: Channels at 1/2, 1/4, … of the size.
        outputs: Channels of the result.
        skips: True for skip connections.
    """

    def __init__(self, channels: Sequence[int], outputs: int, skips: bool) -> None:
        super().__init__()
        level: Level | None = None
        for depth in reversed(range(len(channels))):
            inputs = results = channels[depth - 1]
            if depth == 0:
                inputs, results = 3, outputs
            level = Level((inputs, channels[depth], results), level, skips, depth == 0)
        assert level is not None
        self.model = level
        self._initialise()

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight)
        nn.init.zeros_(self.model.up[2].get_parameter('weight'))
