"""Head pose, scale and expression, by LivePortrait's motion extractor."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.animation.crop import PORTRAIT_DRIVING
from ros_animate.models.live_portrait import FaceMotion, rotation_matrix
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions, to_array
from ros_animate.motion.ratios import ratios
from ros_animate.types import Array, Motion

MODEL = 'live_portrait'


class LivePortrait(NeuralExtractor):
    """Turn, shift and size of the head, what the expression does to each keypoint.

    Rotation and translation are in the network's own axes and scale, not in metres. With `crop`
    the openness of eyes and lips, by the tracker's landmarks, is in `expression`.
    """

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = MODEL
    networks = ('motion_extractor',)
    framing = PORTRAIT_DRIVING
    oversampling = 2

    def _see(self, picture: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return to_motion(self.loaded['motion_extractor'](picture), stamp_s, landmarks)


def to_motion(face: FaceMotion, stamp_s: float, landmarks: Array | None) -> Motion:
    """The first of a batch; `landmarks` (478, 3) of the same face, if they are known."""
    # The network's rotation turns row vectors; a Motion's turns columns.
    rotation = to_array(rotation_matrix(face.degrees().double())).T
    return Motion(MODEL, stamp_s, rotation=rotation, translation=to_array(face.translation),
                  scale=float(face.scale[0, 0]), deformations=to_array(face.expression),
                  expression={} if landmarks is None else ratios(landmarks))


PLUGIN = LivePortrait
