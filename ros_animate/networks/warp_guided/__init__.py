"""A warp-guided generator: a small network that refines a warped image.

After Geng et al., "Warp-Guided GANs for Single-Photo Facial Animation" (SIGGRAPH Asia 2018): dense
motion comes from facial landmarks, which are known, and a network refines the warped image. Where
nothing moves it changes nothing.

Sub-network:

- `refiner` (Refiner): `forward(WarpedSource)` to Refinement. For animation: `encode(source, masks)`
  once, then `render(features, warped, guides, gate)` to the refined image (B, 3, S, S).

Images are RGB in [0, 1].
"""
from torch import nn

from ros_animate.networks.warp_guided.config import Config
from ros_animate.networks.warp_guided.refiner import Refinement, Refiner
from ros_animate.networks.warp_guided.warped_source import (
    GUIDE_CHANNELS,
    GUIDE_STEP,
    MASK_CHANNELS,
    SourceFeatures,
    WarpedSource,
)

__all__ = ['GUIDE_CHANNELS', 'GUIDE_STEP', 'MASK_CHANNELS', 'Config', 'Refinement', 'Refiner',
           'SourceFeatures', 'WarpedSource', 'build']


def build(config: Config) -> dict[str, nn.Module]:
    """The sub-network by its name."""
    return {'refiner': Refiner(config)}
