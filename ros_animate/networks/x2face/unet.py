"""U-Nets in the manner of pix2pix: an image is halved down to a single cell and doubled again.

Attribute names are those of the published checkpoints.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_SLOPE = 0.2


class Level(nn.Module):
    """Layers of one level of a U-Net: `down` to half the size, `up` to twice the size again.

    Args:
        channels: Channels of the input, at half the size, and of the output.
        submodule: The level inside; None for the innermost one.
        skips: True if the maps at half the size also go around the levels inside.
        outermost: True for the level that takes the image and gives the result.
    """

    def __init__(self, channels: tuple[int, int, int], submodule: Level | None, skips: bool,
                 outermost: bool) -> None:
        super().__init__()
        inputs, inner, outputs = channels
        innermost = submodule is None
        activation = [] if outermost else [nn.LeakyReLU(_SLOPE)]
        norm = [] if outermost or innermost else [nn.BatchNorm2d(inner)]
        self.down = nn.Sequential(
            *activation, nn.Conv2d(inputs, inner, 4, stride=2, padding=1, bias=False), *norm)
        reads = 2 * inner if skips and not innermost else inner
        self.up = nn.Sequential(
            nn.ReLU(), nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True),
            nn.Conv2d(reads, outputs, 3, padding=1, bias=False),
            *([] if outermost else [nn.BatchNorm2d(outputs)]))
        self.submodule = submodule


class UNet(nn.Module):
    """A U-Net (B, 3, H, W) to (B, outputs, H, W).

    Before training all outputs are zero: both networks then sample every place from itself.

    Args:
        channels: Channels at 1/2, 1/4, … of the size.
        outputs: Channels of the result.
        skips: True for skip connections; then `encode` and `decode` cannot be used.
    """

    def __init__(self, channels: Sequence[int], outputs: int, skips: bool) -> None:
        super().__init__()
        self.skips = skips
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
        if not self.skips:
            return self.decode(self.encode(image))
        levels, maps = self.levels(), [image]
        for level in levels:
            maps.append(level.down(maps[-1]))
        x = levels[-1].up(maps[-1])
        for level, around in zip(levels[-2::-1], maps[-2:0:-1], strict=True):
            x = level.up(torch.cat([x, around], dim=1))
        return x

    def encode(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) to the single cell in the middle, (B, C, 1, 1)."""
        for level in self.levels():
            image = level.down(image)
        return image

    def decode(self, code: Tensor) -> Tensor:
        """The cell in the middle, (B, C, 1, 1), to (B, outputs, H, W)."""
        for level in reversed(self.levels()):
            code = level.up(code)
        return code

    def levels(self) -> list[Level]:
        """All levels, the outermost first."""
        found = [self.model]
        while found[-1].submodule is not None:
            found.append(found[-1].submodule)
        return found

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight)
        nn.init.zeros_(self.model.up[2].get_parameter('weight'))
