"""Options of the First Order Motion Model. The defaults are those of vox-256."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.networks.discriminator import DiscriminatorOptions
from ros_animate.networks.layers import Widths


@dataclass(frozen=True)
class Config(DiscriminatorOptions):
    """Options of the networks; see config/models for the published variants."""

    image_size: int = option(256, 'Side of the square images in pixels', low=32, high=4096)
    num_keypoints: int = option(10, 'Number of keypoints', low=1, high=1000)
    temperature: float = option(0.1, 'Temperature of the softmax over heat maps', low=1e-6)
    scale: float = option(0.25, 'Scale of the image in which keypoints and motion are found',
                          low=0.01, high=1)
    heatmap_variance: float = option(0.01, 'Variance of the Gaussians that represent keypoints',
                                     low=1e-6)
    keypoint_features: int = option(32, 'Channels of the first level, keypoint hourglass', low=1,
                                    high=16384)
    keypoint_levels: int = option(5, 'Levels of the keypoint hourglass', low=1, high=12)
    motion_features: int = option(64, 'Channels of the first level, dense motion', low=1,
                                  high=16384)
    motion_levels: int = option(5, 'Levels of the dense motion hourglass', low=1, high=12)
    hourglass_features: int = option(1024, 'Most channels of both hourglasses', low=1, high=16384)
    head_kernel: int = option(7, 'Side of the last convolutions of keypoints and of motion; odd',
                              low=1, high=63)
    generator_features: int = option(64, 'Channels of the first layer of the generator', low=1,
                                     high=16384)
    max_features: int = option(512, 'Most channels of the generator', low=1, high=16384)
    generator_levels: int = option(2, 'How often the generator halves the resolution', low=1,
                                   high=12)
    bottleneck_blocks: int = option(6, 'Residual blocks after the warp', low=0, high=100)
    skips: bool = option(False, 'Take what is not occluded from the warped source, at every level '
                                "and in the image itself, as in the authors' later model "
                                '(Articulated Animation, CVPR 2021)')
    align_corners: bool = option(True, 'Grid sampling as in torch 1.0, with which the published '
                                       'weights were trained; False as in later versions')
    discriminator_spectral: bool = option(True, 'Spectral norm in the discriminator')
    discriminator_keypoints: bool = option(False, 'Keypoints are an input of the discriminator')

    @property
    def keypoint_widths(self) -> Widths:
        return Widths(self.keypoint_features, self.hourglass_features, self.keypoint_levels)

    @property
    def motion_widths(self) -> Widths:
        return Widths(self.motion_features, self.hourglass_features, self.motion_levels)

    @property
    def generator_widths(self) -> Widths:
        return Widths(self.generator_features, self.max_features, self.generator_levels)
