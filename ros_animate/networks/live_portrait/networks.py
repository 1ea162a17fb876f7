"""F, W and G by their published names, built from face-vid2vid's layers."""
from __future__ import annotations

from torch import Tensor

from ros_animate.networks.face_vid2vid.spade import SpadeDecoder
from ros_animate.networks.face_vid2vid.volume import Appearance, Warping, WarpingOutput


class AppearanceFeatureExtractor(Appearance):
    """F: image (B, 3, H, W) to the feature volume (B, 32, 16, H / 4, W / 4)."""

    def forward(self, image: Tensor) -> Tensor:
        return self.encode(image)


class WarpingModule(Warping):
    """W: volume and keypoints (B, K, 3) to WarpingOutput."""

    half_precision = True

    def forward(self, volume: Tensor, kp_source: Tensor, kp_driving: Tensor) -> WarpingOutput:
        return self.warp(volume, kp_source, kp_driving)


class SpadeGenerator(SpadeDecoder):
    """G: warped features (B, 256, H / 4, W / 4) to the image (B, 3, 2 H, 2 W)."""

    half_precision = True
