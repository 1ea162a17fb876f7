"""Head pose and expression, by face-vid2vid's estimator."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.face.framing import TIGHT
from ros_animate.inference.conversions.face_vid2vid import MODEL, to_motion
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions
from ros_animate.types import Array, Motion


class FaceVid2Vid(NeuralExtractor):
    """Rotation and translation of the head, and the expression's displacement of each keypoint.

    Rotation and translation are in the network's own axes and scale, not in metres. The animator
    computes keypoints from them and from the source's canonical keypoints.
    """

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = MODEL
    network_names = ('he_estimator',)
    framing = TIGHT

    def _extract(self, image: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return to_motion(self.networks['he_estimator'](image), self.network_config, stamp_s)


PLUGIN = FaceVid2Vid
