"""LivePortrait's face motion as a Motion."""
from __future__ import annotations

from collections.abc import Mapping

from ros_animate.inference.device import to_array
from ros_animate.networks.live_portrait import FaceMotion, rotation_matrix
from ros_animate.types import Motion

MODEL = 'live_portrait'


def to_motion(face: FaceMotion, stamp_s: float, expression: Mapping[str, float]) -> Motion:
    """The first of a batch: rotation (3, 3), translation (3,), scale, deformations (K, 3).

    Args:
        face: Output of the motion extractor.
        stamp_s: Stamp of the frame.
        expression: Openness of eyes and lips, where the landmarks are known.
    """
    # The network's rotation turns row vectors; a Motion's turns columns.
    rotation = to_array(rotation_matrix(face.degrees().double())).T
    return Motion(MODEL, stamp_s, rotation=rotation, translation=to_array(face.translation),
                  scale=float(face.scale[0, 0]), deformations=to_array(face.expression),
                  expression=dict(expression))
