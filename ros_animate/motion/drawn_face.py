"""A drawn person in the place of a camera's image, for motion that comes without one."""
from __future__ import annotations

import functools

from ros_animate.face.euler_angles import euler_angles_deg
from ros_animate.face.streams.values import Angles, FaceValues
from ros_animate.face.virtual import HUMAN, Camera, VirtualFace
from ros_animate.face.virtual.expression import expression_muscles
from ros_animate.face.virtual.muscles import rotation
from ros_animate.types import Image, Motion

SIZE = (480, 480)
_VIEW_CM = 30.0
_FORWARD: Angles = (0.0, 0.0, 0.0)


@functools.lru_cache(maxsize=1)
def person() -> VirtualFace:
    """The virtual face in human colours."""
    return VirtualFace(HUMAN, Camera(SIZE, _VIEW_CM))


def draw(motion: Motion | None) -> Image:
    """(480, 480, 3) uint8 RGB of a face with the expression and the head of a motion."""
    if motion is None:
        return person().render({})
    head = _FORWARD if motion.rotation is None else euler_angles_deg(motion.rotation)
    return person().render(expression_muscles(motion.expression, motion.model, head))


def face_motion(face: FaceValues, tracker: str, stamp_s: float) -> Motion | None:
    """The motion of a face that came as numbers, with the landmarks of the drawn person.

    Args:
        face: The face.
        tracker: Whose scale its blendshapes have; the motion's `model`.
        stamp_s: Stamp of the motion.

    Returns:
        None if the sender sees no face.
    """
    if not face.has_face:
        return None
    head = face.head_deg or _FORWARD
    landmarks = person().landmarks(expression_muscles(face.expression, tracker, head))
    return Motion(tracker, stamp_s, landmarks=landmarks, image_size=SIZE,
                  rotation=rotation(*head), expression=dict(face.expression),
                  face_id=face.subject)
