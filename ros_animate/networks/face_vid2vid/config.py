"""Options of face-vid2vid. The defaults are those of vox-256."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.networks.discriminator import DiscriminatorOptions
from ros_animate.networks.layers import Widths


@dataclass(frozen=True)
class VolumeConfig:
    """Options of the networks on feature volumes, of face-vid2vid and LivePortrait."""

    image_size: int = option(256, 'Side of the square images in pixels', low=32, high=4096)
    num_keypoints: int = option(15, 'Number of keypoints', low=1, high=1000)
    block_expansion: int = option(64, 'Channels of the first layer', low=1, high=16384)
    max_features: int = option(512, 'Most channels of two-dimensional layers', low=1, high=16384)
    levels: int = option(2, 'How often the resolution is halved before the volume', low=1, high=12)
    volume_channels: int = option(32, 'Channels of the feature volume', low=1, high=16384)
    volume_depth: int = option(16, 'Depth of the feature volume', low=1, high=256)
    volume_blocks: int = option(6, 'Residual blocks on the feature volume', low=0, high=100)
    motion_features: int = option(32, 'Channels of the first level of dense motion', low=1,
                                  high=16384)
    motion_max_features: int = option(1024, 'Most channels of dense motion', low=1, high=16384)
    motion_levels: int = option(5, 'Levels of the dense motion hourglass', low=1, high=12)
    motion_channels: int = option(4, 'Channels of the input volume of dense motion', low=1,
                                  high=16384)
    heatmap_variance: float = option(0.01, 'Variance of the Gaussians that represent keypoints',
                                     low=1e-6)
    align_corners: bool = option(False, 'Grid sampling as in torch 1.3 and later, with which '
                                        'the published weights were trained')
    spade_blocks: int = option(6, 'Residual blocks of the SPADE decoder at low resolution', low=0,
                               high=100)
    spade_hidden: int = option(128, 'Channels between map and modulation of SPADE', low=1,
                               high=16384)

    @property
    def widths(self) -> Widths:
        return Widths(self.block_expansion, self.max_features, self.levels)

    @property
    def motion_widths(self) -> Widths:
        return Widths(self.motion_features, self.motion_max_features, self.motion_levels)


@dataclass(frozen=True)
class Config(VolumeConfig, DiscriminatorOptions):
    """Options of the networks; see config/models for the published variants."""

    generator: str = option('original', 'Decoder of the generator', choices=('original', 'spade'))
    decoder_blocks: int = option(6, 'Residual blocks of the original decoder', low=0, high=100)
    temperature: float = option(0.1, 'Temperature of the softmax over heat maps', low=1e-6)
    keypoint_scale: float = option(0.25, 'Scale of the image in which keypoints are found',
                                   low=0.01, high=1)
    keypoint_features: int = option(32, 'Channels of the first level, keypoints', low=1, high=16384)
    keypoint_max_features: int = option(1024, 'Most channels, keypoints', low=1, high=16384)
    keypoint_levels: int = option(5, 'Levels of the keypoint hourglass', low=1, high=12)
    pose_features: int = option(64, 'Channels of the first layer, head pose', low=1, high=16384)
    pose_bins: int = option(66, 'Bins of 3 degrees per angle', low=2, high=1000)
    rotation: str = option('pitch_yaw_roll', 'Order of the rotations; roll_pitch_yaw for the '
                                             'beta weights',
                           choices=('pitch_yaw_roll', 'roll_pitch_yaw'))

    @property
    def keypoint_widths(self) -> Widths:
        return Widths(self.keypoint_features, self.keypoint_max_features, self.keypoint_levels)
