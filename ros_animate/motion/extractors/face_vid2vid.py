"""Head pose and expression, by face-vid2vid's estimator."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.face.crop import TIGHT
from ros_animate.inference.conversions.face_vid2vid import MODEL, to_motion
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions
from ros_animate.types import Array, Motion


class FaceVid2Vid(NeuralExtractor):
    """Turn and shift of the head and what the expression does to each keypoint.

    Rotation and translation are in the network's own axes and scale, not in metres. Keypoints come
    of it only with the source's canonical ones, in the animator.
    """

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = MODEL
    networks = ('he_estimator',)
    framing = TIGHT

    def _see(self, picture: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return to_motion(self.loaded['he_estimator'](picture), self.model, stamp_s)


PLUGIN = FaceVid2Vid
