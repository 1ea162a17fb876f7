"""Options of Monkey-Net. The defaults are those of the 64-pixel models (nemo)."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.networks.layers import Widths


@dataclass(frozen=True)
class Config:
    """Options of the networks; see config/models for the published variants."""

    image_size: int = option(64, 'Side of the square images in pixels', low=16, high=4096)
    num_keypoints: int = option(10, 'Number of keypoints', low=1, high=1000)
    temperature: float = option(0.1, 'Temperature of the softmax over heat maps', low=1e-6)
    min_singular: float = option(1e-3, 'Least singular value of a covariance', low=0)
    heatmap_divisor: float = option(100.0, 'Divisor of heat maps as inputs of networks', low=1)
    block_expansion: int = option(32, 'Channels of the first level', low=1, high=16384)
    max_features: int = option(512, 'Most channels of any level', low=1, high=16384)
    keypoint_levels: int = option(5, 'Levels of the keypoint hourglass', low=1, high=12)
    motion_levels: int = option(5, 'Levels of the dense motion hourglass', low=1, high=12)
    generator_levels: int = option(5, 'Levels of the generator', low=1, high=12)
    group_blocks: int = option(2, 'Blocks that process each keypoint by itself', low=0, high=100)
    refinement_blocks: int = option(4, 'Residual blocks at full resolution', low=0, high=100)
    correction: bool = option(False, 'The decoder corrects the warped source image, which is sharp '
                                     'before training; else it generates the whole image, as in '
                                     'the paper')
    motion_step: int = option(1, 'Keypoints and motion are found on every n-th pixel', low=1,
                              high=63)
    interpolation: str = option('nearest', 'How motion is resized to the levels of the generator',
                                choices=('nearest', 'bilinear'))
    align_corners: bool = option(True, 'Grid sampling as in torch 0.4.1, with which the published '
                                       'weights were trained; False as in later versions')
    discriminator_features: int = option(256, 'Most channels of the discriminator', low=1,
                                         high=16384)
    discriminator_levels: int = option(4, 'Levels of the discriminator', low=1, high=12)
    predictor_features: int = option(1024, 'Hidden state of the keypoint predictor', low=1,
                                     high=16384)
    dense_motion: bool = option(True, 'Warp the features of the source; else the decoder gets the '
                                      'motion by heat maps alone ("No F" in the paper)')
    coarse: bool = option(True, "Dense motion has a coarse part, the keypoints' own motion (else "
                                '"No F_coarse")')
    residual: bool = option(True, 'Dense motion has a residual part (else "No F_residual")')
    residual_scale: float = option(1.0, 'Factor of the residual part; below 1 it learns more '
                                        'slowly than the rest', low=1e-6)
    variance: float = option(0.0, 'Variance of every keypoint, the same in all directions; 0: '
                                  'covariances are estimated ("No Sigma_k" is 0.01)', low=0)
    source_in_motion: bool = option(True, 'The source image is an input of the motion network; '
                                          'else heat maps alone ("No x")')

    def __post_init__(self) -> None:
        if self.dense_motion and not (self.coarse or self.residual):
            raise ValueError('a dense motion has a coarse part, a residual one, or both '
                             '(without any: dense_motion: false)')

    def widths(self, levels: int) -> Widths:
        return Widths(self.block_expansion, self.max_features, levels)
