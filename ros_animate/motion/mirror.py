"""Mirroring of a face's motion: left and right exchanged."""
from __future__ import annotations

import dataclasses
import functools

import numpy as np

from ros_animate.errors import UserError
from ros_animate.face.face_mesh import LEFT_IRIS, RIGHT_IRIS, canonical_mesh
from ros_animate.types import Array, Motion

_MIRROR = np.diag([-1.0, 1.0, 1.0])


def mirrored(motion: Motion) -> Motion:
    """`motion` with left and right exchanged: names, landmarks and head pose.

    Raises:
        UserError: The motion consists of learned keypoints or codes, whose mirror images are
            unknown.
    """
    if not (motion.keypoints is motion.deformations is motion.latent is None):
        raise UserError(f'the motion of {motion.model} cannot be mirrored (it is learned, and its '
                        'parts have no names): leave out mirror, or use motion mediapipe')
    return dataclasses.replace(
        motion, landmarks=_mirrored_landmarks(motion),
        rotation=None if motion.rotation is None else _MIRROR @ motion.rotation @ _MIRROR,
        translation=None if motion.translation is None else _MIRROR @ motion.translation,
        expression={_other_side(name): value for name, value in motion.expression.items()})


def _other_side(name: str) -> str:
    if name.endswith('Left'):
        return name.removesuffix('Left') + 'Right'
    if name.endswith('Right'):
        return name.removesuffix('Right') + 'Left'
    return name


def _mirrored_landmarks(motion: Motion) -> Array | None:
    if motion.landmarks is None or motion.image_size is None:
        return None
    landmarks = motion.landmarks[symmetric_landmarks()].copy()
    landmarks[:, 0] = motion.image_size[0] - landmarks[:, 0]
    return landmarks


@functools.lru_cache(maxsize=1)
def symmetric_landmarks() -> np.ndarray:
    """(478,) index of each landmark's partner on the other side of the face."""
    vertices = canonical_mesh().vertices
    flipped = vertices * (-1.0, 1.0, 1.0)
    distances = np.linalg.norm(flipped[:, None] - vertices[None], axis=2)
    partner = np.empty(478, int)
    partner[:len(vertices)] = distances.argmin(1)
    # Around the iris the points run: centre, right, top, left, bottom (as seen in the image).
    order = (0, 3, 2, 1, 4)
    partner[list(RIGHT_IRIS)] = [LEFT_IRIS[k] for k in order]
    partner[list(LEFT_IRIS)] = [RIGHT_IRIS[k] for k in order]
    return partner
