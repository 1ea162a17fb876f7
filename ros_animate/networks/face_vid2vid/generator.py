"""face-vid2vid's generators: F, W and one of two decoders in a single module, as published."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ros_animate.networks.face_vid2vid.config import Config
from ros_animate.networks.face_vid2vid.dense_motion import VolumeMotion
from ros_animate.networks.face_vid2vid.spade import SpadeDecoder
from ros_animate.networks.face_vid2vid.volume import Appearance, Warping
from ros_animate.networks.layers import ResidualBlock, UpBlock, named


@dataclass(frozen=True)
class Generated:
    """What the generator made.

    Attributes:
        prediction: (B, 3, H, W) in [0, 1].
        motion: The dense motion.
    """

    prediction: Tensor
    motion: VolumeMotion


class Generator(Appearance, Warping):
    """Source picture and two sets of keypoints to the animated picture; the paper's decoder."""

    first_kernel = 7
    half_precision = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._add_decoder(config)

    def _add_decoder(self, config: Config) -> None:
        widths = config.widths
        deepest = widths.at(widths.levels)
        self.resblocks_2d = named((ResidualBlock(deepest) for _ in range(config.decoder_blocks)),
                                  '2dr{}')
        self.up_blocks = nn.ModuleList(UpBlock(widths.at(i + 1), widths.at(i))
                                       for i in reversed(range(widths.levels)))
        self.final = nn.Conv2d(widths.at(0), 3, 7, padding=3)

    def decode(self, features: Tensor) -> Tensor:
        """Warped features (B, C, h, w) to the picture (B, 3, H, W)."""
        x = self.resblocks_2d(features)
        for block in self.up_blocks:
            x = block(x)
        return torch.sigmoid(self.final(x).float())

    def render(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> Tensor:
        """The animated picture (B, 3, H, W); `volume` is what `encode` gave for the source."""
        return self.decode(self.warp(volume, kp_source, kp_driving).features)

    def forward(self, source: Tensor, kp_source: Tensor, kp_driving: Tensor) -> Generated:
        warped = self.warp(self.encode(source), kp_source, kp_driving)
        return Generated(self.decode(warped.features), warped.motion)


class SpadeGenerator(Generator):
    """The same with a SPADE decoder."""

    first_kernel = 3

    def _add_decoder(self, config: Config) -> None:
        self.decoder = SpadeDecoder(config)

    def decode(self, features: Tensor) -> Tensor:
        return self.decoder(features)
