"""A motion of this program in ARKit's terms, for other programs and for takes."""
from __future__ import annotations

from ros_animate.face.euler_angles import euler_angles_deg
from ros_animate.face.streams.values import EYE_FULL_DEG, FaceValues
from ros_animate.types import Motion


def face_of_motion(motion: Motion | None) -> FaceValues:
    """The face of a motion; the angles of the eyes are those of its blendshapes."""
    if motion is None:
        return FaceValues(has_face=False)
    head = None if motion.rotation is None else euler_angles_deg(motion.rotation)
    left, right = (_eye(motion, side, outwards) for side, outwards in (('Left', 1), ('Right', -1)))
    return FaceValues(dict(motion.expression), head, (left, right), None, motion.face_id)


def _eye(motion: Motion, side: str, outwards: int) -> tuple[float, float]:
    """(yaw to the person's left, pitch down) of an eye in degrees."""
    look = {name: motion.expression.get(f'eyeLook{name}{side}', 0.0)
            for name in ('Out', 'In', 'Up', 'Down')}
    return (outwards * EYE_FULL_DEG[0] * (look['Out'] - look['In']),
            EYE_FULL_DEG[1] * (look['Down'] - look['Up']))
