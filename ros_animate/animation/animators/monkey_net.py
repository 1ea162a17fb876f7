"""A portrait, or any object, animated by Monkey-Net."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from ros_animate.animation.neural import DetectorAnimator, ScalingOptions
from ros_animate.configuration import option
from ros_animate.inference.conversions import monkey_net
from ros_animate.types import Motion


class MonkeyNet(DetectorAnimator):
    """Monkey-Net (CVPR 2019): features of the source, warped by keypoints with covariances."""

    @dataclass(frozen=True)
    class Config(ScalingOptions):
        """Options of the animator."""

        adapt_covariance: bool = option(False, 'the spread of the keypoints changes relatively '
                                               'too; else it is the driving one')
        clip: bool = option(False, 'keypoints stay inside the image')

    extractor = family = monkey_net.MODEL
    conversion = monkey_net
    changeable = ('clip',)

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._adapt_covariance = config.adapt_covariance

    def _transfer(self, motion: Motion) -> Motion:
        moved = super()._transfer(motion)
        if self.config.clip and moved.keypoints is not None:
            moved = dataclasses.replace(moved, keypoints=np.clip(moved.keypoints, -1, 1))
        return moved


PLUGIN = MonkeyNet
