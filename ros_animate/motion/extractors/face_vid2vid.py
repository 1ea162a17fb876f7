"""Head pose and expression, by face-vid2vid's estimator."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ros_animate.animation.crop import TIGHT
from ros_animate.models.face_vid2vid import HeadPose, rotation_matrix
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions, to_array
from ros_animate.types import Array, Motion

MODEL = 'face_vid2vid'


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


def to_motion(pose: HeadPose, model: Any, stamp_s: float) -> Motion:
    """The first of a batch; `model` is the family's Config."""
    rotation = to_array(rotation_matrix(pose.degrees(), model.rotation))
    return Motion(MODEL, stamp_s, rotation=rotation, translation=to_array(pose.translation),
                  deformations=to_array(pose.expression))


PLUGIN = FaceVid2Vid
