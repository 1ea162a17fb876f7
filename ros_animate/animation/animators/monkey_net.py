"""A portrait, or any object, animated by Monkey-Net."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ros_animate.animation.neural import KeypointAnimator, ScalingOptions
from ros_animate.configuration import option
from ros_animate.face.crop import TIGHT
from ros_animate.inference.conversions.monkey_net import MODEL, to_keypoints, to_motion
from ros_animate.types import Array, Motion


class MonkeyNet(KeypointAnimator):
    """Monkey-Net (CVPR 2019): the source's features moved by keypoints with covariances."""

    @dataclass(frozen=True)
    class Config(ScalingOptions):
        """Options of the animator."""

        adapt_covariance: bool = option(False, 'the spread of the keypoints changes relatively '
                                               'too; else it is the driving one')
        clip: bool = option(False, 'keypoints stay inside the picture')

    extractor = family = MODEL
    networks = ('kp_detector', 'generator')
    framing = TIGHT

    def _encode(self, picture: Tensor, landmarks: Array | None) -> Motion:
        self._keypoints = self.loaded['kp_detector'](picture)
        self._features = self.loaded['generator'].encode(picture)
        return to_motion(self._keypoints, 0.0)

    def _render(self, motion: Motion) -> Tensor:
        moved = self._transferred(motion, self.config.adapt_covariance)
        if self.config.clip and moved.keypoints is not None:
            moved = dataclasses.replace(moved, keypoints=np.clip(moved.keypoints, -1, 1))
        driving = to_keypoints(moved, self.device)
        return self.loaded['generator'].render(self._features, self._keypoints, driving)


PLUGIN = MonkeyNet
