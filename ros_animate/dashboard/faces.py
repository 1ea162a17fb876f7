"""The faces in sight, for the page."""
from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.messages import motion_from_message

MOST = 8  # faces that are drawn
DIGITS = 4


def faces_of(message: Any) -> dict[str, Any]:
    """The faces of a Faces message, the followed one among them, and the rule that selects it."""
    described = [described_face(motion) for motion in message.motions[:MOST]]
    faces = [{**face, 'followed': face['id'] == message.followed}
             for face in described if face is not None]
    return {'faces': faces, 'follow': message.follow}


def followed_face(message: Any) -> dict[str, Any]:
    """The face of a Motion message, from an extractor that does not tell faces apart."""
    face = described_face(message)
    return {'faces': [] if face is None else [{**face, 'followed': True}], 'follow': ''}


def described_face(message: Any) -> dict[str, Any] | None:
    """Identity and outline (in parts of the image's width and height) of a face; None for none."""
    try:
        motion = motion_from_message(message)
    except MessageError:
        return None
    if motion is None or motion.landmarks is None or motion.image_size is None:
        return None
    hull = cv2.convexHull(motion.landmarks[:, :2].astype(np.float32))[:, 0]
    points = (hull / np.array(motion.image_size)).round(DIGITS)
    return {'id': motion.face_id, 'outline': points.tolist()}
