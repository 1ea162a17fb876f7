"""Options of LivePortrait. The defaults are those of the published model for humans."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.networks.face_vid2vid.config import VolumeConfig


@dataclass(frozen=True)
class Config(VolumeConfig):
    """Options of the networks."""

    num_keypoints: int = option(21, 'Number of keypoints', low=1, high=1000)
    upscale: int = option(2, 'Ratio of the sides of output and input image', low=1, high=12)
    depths: tuple[int, ...] = option((3, 3, 9, 3), 'Blocks per stage of the motion extractor',
                                     low=1, high=100, length=8)
    dims: tuple[int, ...] = option((96, 192, 384, 768), 'Channels per stage',
                                   low=1, high=16384, length=8)
    pose_bins: int = option(66, 'Bins of 3 degrees per angle', low=2, high=1000)
    stitching_hidden: tuple[int, ...] = option((128, 128, 64), 'Hidden layers, stitching',
                                               low=1, high=16384, length=16)
    lip_hidden: tuple[int, ...] = option((128, 128, 64), 'Hidden layers, lip retargeting',
                                         low=1, high=16384, length=16)
    eye_hidden: tuple[int, ...] = option((256, 256, 128, 128, 64),
                                         'Hidden layers, eye retargeting',
                                         low=1, high=16384, length=16)
