"""The SPADE decoder (Park et al., CVPR 2019): features to image, modulated by the same features.

It is the generator G of face-vid2vid's open re-implementation and of LivePortrait.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.face_vid2vid.config import VolumeConfig
from ros_animate.networks.layers import parameter_dtype, spectral_norm


class Spade(nn.Module):
    """Instance norm, then x (1 + gamma) + beta with gamma and beta from modulation maps."""

    def __init__(self, features: int, map_channels: int, hidden: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(nn.Conv2d(map_channels, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, features, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, features, 3, padding=1)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        """Maps x (B, C, H, W) and modulation (B, M, h, w) to (B, C, H, W)."""
        hidden = self.mlp_shared(functional.interpolate(modulation, size=x.shape[2:]))
        gamma, beta = self.mlp_gamma(hidden), self.mlp_beta(hidden)
        return (functional.instance_norm(x) * (1 + gamma) + beta).to(modulation.dtype)


class SpadeBlock(nn.Module):
    """Residual block of two modulated convolutions, and a third one where the widths differ."""

    def __init__(self, inputs: int, outputs: int, map_channels: int, hidden: int) -> None:
        super().__init__()
        middle = min(inputs, outputs)
        self.conv_0 = spectral_norm(nn.Conv2d(inputs, middle, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(middle, outputs, 3, padding=1))
        self.norm_0 = Spade(inputs, map_channels, hidden)
        self.norm_1 = Spade(middle, map_channels, hidden)
        self.same = inputs == outputs
        if not self.same:
            self.conv_s = spectral_norm(nn.Conv2d(inputs, outputs, 1, bias=False))
            self.norm_s = Spade(inputs, map_channels, hidden)

    def forward(self, x: Tensor, modulation: Tensor) -> Tensor:
        shortcut = x if self.same else self.conv_s(self.norm_s(x, modulation))
        x = self.conv_0(functional.leaky_relu(self.norm_0(x, modulation), 0.2))
        x = self.conv_1(functional.leaky_relu(self.norm_1(x, modulation), 0.2))
        return shortcut + x


class SpadeDecoder(nn.Module):
    """Features (B, C, h, w) to an image (B, 3, 4 h, 4 w), or larger with a pixel shuffle.

    Args:
        config: Configuration of the family.
        upscale: Factor of the pixel shuffle; 2 gives 512 pixels from 256.
    """

    def __init__(self, config: VolumeConfig, upscale: int = 1) -> None:
        super().__init__()
        widths, hidden = config.widths, config.spade_hidden
        channels = widths.at(config.levels)
        wide = 2 * channels
        self.fc = nn.Conv2d(channels, wide, 3, padding=1)
        self.middle = [f'G_middle_{i}' for i in range(config.spade_blocks)]
        for name in self.middle:
            self.add_module(name, SpadeBlock(wide, wide, channels, hidden))
        self.up_0 = SpadeBlock(wide, channels, channels, hidden)
        self.up_1 = SpadeBlock(channels, widths.at(0), channels, hidden)
        conv_img = nn.Conv2d(widths.at(0), 3 * upscale ** 2, 3, padding=1)
        self.conv_img = conv_img if upscale == 1 else nn.Sequential(conv_img,
                                                                    nn.PixelShuffle(upscale))

    def forward(self, features: Tensor) -> Tensor:
        features = features.to(parameter_dtype(self))
        x = self.fc(features).float()  # residual sums stay in float32
        for name in self.middle:
            x = self.get_submodule(name)(x, features)
        for block in (self.up_0, self.up_1):
            x = block(functional.interpolate(x, scale_factor=2.0), features)
        return torch.sigmoid(self.conv_img(functional.leaky_relu(x, 0.2)).float())
