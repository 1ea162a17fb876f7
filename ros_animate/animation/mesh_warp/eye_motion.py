"""Transfer of lids and gaze between faces. Arrays hold the right eye, then the left."""
from __future__ import annotations

import numpy as np

from ros_animate.face.face_mesh import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS
from ros_animate.types import Array

_RINGS = np.array([RIGHT_EYE, LEFT_EYE])
# (2, 2) outer and inner corner; (2, 7) pairs of lid points from the outer to the inner corner;
# (2, 5) irises, centre first.
CORNERS = _RINGS[:, (0, 8)]
LOWER_LIDS = _RINGS[:, 1:8]
UPPER_LIDS = _RINGS[:, :8:-1]
LIDS = np.stack([LOWER_LIDS, UPPER_LIDS], axis=1)  # (2, 2, 7)
IRISES = np.array([RIGHT_IRIS, LEFT_IRIS])

# Gap of a closed eye as tracked, and the least gap that counts as open, in eye widths.
_CLOSED, _LEAST_OPEN = 0.03, 0.15
# How far an eye opens at most, as a multiple of its gap at rest: as Ameca's lids do.
_WIDEST = 1.6
# Limits of the iris from the middle of its corners, together and against the other eye.
_LARGEST_TURN, _LARGEST_SQUINT = 0.45, 0.06
_ALONG = np.linspace(0.0, 1.0, 9)[1:-1]


def transfer_lids(shape: Array, source: Array, driving: Array, neutral: Array,
                  gain: float) -> None:
    """Sets the lids in `shape`, (478, 3): a closed driving eye closes the source's entirely.

    The ratio of the opening to that at rest is transferred, not the difference, because eyes differ
    in how far they are open at rest.

    Args:
        shape: The face, changed in place; the eyes' corners are moved already.
        source: The source's shape at rest.
        driving: The driving face's shape.
        neutral: The driving face's shape at rest.
        gain: Factor of the motion.
    """
    gap_rest, middle_rest = _lids(source)
    gap_neutral, middle_neutral = _lids(neutral)
    gap_driving, middle_driving = _lids(driving)
    at_rest = np.maximum(gap_neutral.mean(axis=1, keepdims=True), _LEAST_OPEN)
    opening = (gap_driving.mean(axis=1, keepdims=True) - _CLOSED) / (at_rest - _CLOSED)
    opening = np.clip(1.0 + gain * (opening - 1.0), 0.0, _WIDEST)
    size = gap_rest.mean(axis=1, keepdims=True) / at_rest
    shift = np.clip(gain * size * (middle_driving - middle_neutral), -0.25, 0.25)
    line, width = _corner_lines(shape)
    half = 0.5 * opening * np.maximum(gap_rest, 0.0)
    shape[UPPER_LIDS, 1] = line + width * (middle_rest + shift + half)
    shape[LOWER_LIDS, 1] = line + width * (middle_rest + shift - half)


def turn_eyes(shape: Array, source: Array, driving: Array, neutral: Array, gain: float) -> None:
    """Sets the irises in `shape`, (478, 3), by the gaze of the driving eyes.

    The mean gaze of both eyes is absolute. Their difference is relative to the driving neutral:
    corners that lie elsewhere than the source's must not make it squint.
    """
    at_rest, now = gaze(source), gaze(driving)
    together = (now - at_rest).mean(axis=0)
    apart = now - gaze(neutral)
    apart = np.clip(apart - apart.mean(axis=0), -_LARGEST_SQUINT, _LARGEST_SQUINT)
    offset = np.clip(at_rest + gain * (together + apart), -_LARGEST_TURN, _LARGEST_TURN)
    _, width = _corner_lines(shape)
    centre = shape[CORNERS, :2].mean(axis=1) + width * offset
    rigid = source[IRISES, :2] - source[IRISES[:, :1], :2]
    shape[IRISES, :2] = centre[:, None] + rigid


def between_corners(values: Array) -> Array:
    """(2, 2, 7, D) values at the lids, interpolated between the eyes' corners of (478, D)."""
    first, second = values[CORNERS[:, 0]], values[CORNERS[:, 1]]
    along = _ALONG[:, None]
    return ((1.0 - along) * first[:, None, None] + along * second[:, None, None]
            ).repeat(2, axis=1)


def gaze(shape: Array) -> Array:
    """(2, 2) offset of each iris from the middle of its corners in eye widths, right and up."""
    _, width = _corner_lines(shape)
    return (shape[IRISES[:, 0], :2] - shape[CORNERS, :2].mean(axis=1)) / width


def _lids(shape: Array) -> tuple[Array, Array]:
    """(2, 7) gaps and heights of their middles above the corners, in eye widths."""
    line, width = _corner_lines(shape)
    upper, lower = shape[UPPER_LIDS, 1] - line, shape[LOWER_LIDS, 1] - line
    return (upper - lower) / width, 0.5 * (upper + lower) / width


def _corner_lines(shape: Array) -> tuple[Array, Array]:
    """(2, 7) heights of the lines between the corners at the lid points, (2, 1) their lengths."""
    corners = shape[CORNERS, :2]
    across = corners[:, 1] - corners[:, 0]
    width = np.maximum(np.sqrt((across**2).sum(axis=1, keepdims=True)), 1e-3)
    return corners[:, :1, 1] + across[:, 1:] * _ALONG, width
