"""Options of LivePortrait. The defaults are those of the published model for humans."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.networks.face_vid2vid.config import VolumeConfig


@dataclass(frozen=True)
class Config(VolumeConfig):
    """Options of the networks."""

    num_keypoints: int = option(21, 'Number of keypoints', low=1)
    upscale: int = option(2, 'Ratio of the sides of output and input image', low=1)
    depths: tuple[int, ...] = option((3, 3, 9, 3), 'Blocks per stage of the motion extractor')
    dims: tuple[int, ...] = option((96, 192, 384, 768), 'Channels per stage')
    pose_bins: int = option(66, 'Bins of 3 degrees per angle', low=2)
    stitching_hidden: tuple[int, ...] = option((128, 128, 64), 'Hidden layers, stitching')
    lip_hidden: tuple[int, ...] = option((128, 128, 64), 'Hidden layers, lip retargeting')
    eye_hidden: tuple[int, ...] = option((256, 256, 128, 128, 64),
                                         'Hidden layers, eye retargeting')
