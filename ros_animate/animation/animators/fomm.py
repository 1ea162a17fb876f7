"""A portrait animated by the First Order Motion Model."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.animation.neural import KeypointAnimator, ScalingOptions
from ros_animate.face.crop import TIGHT
from ros_animate.inference.conversions.fomm import MODEL, to_keypoints, to_motion
from ros_animate.types import Array, Motion


class Fomm(KeypointAnimator):
    """FOMM (NeurIPS 2019): features of the source, warped around keypoints with Jacobians."""

    @dataclass(frozen=True)
    class Config(ScalingOptions):
        """Options of the animator."""

    extractor = family = MODEL
    networks = ('kp_detector', 'generator')
    framing = TIGHT

    def _encode(self, picture: Tensor, landmarks: Array | None) -> Motion:
        self._keypoints = self.loaded['kp_detector'](picture)
        self._features = self.loaded['generator'].encode(picture)
        return to_motion(self._keypoints, 0.0)

    def _render(self, motion: Motion) -> Tensor:
        driving = to_keypoints(self._transferred(motion), self.device)
        return self.loaded['generator'].render(self._features, self._keypoints, driving)


PLUGIN = Fomm
