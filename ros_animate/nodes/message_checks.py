"""Checks of the values in messages, before anything is computed from them.

Each raises MessageError with the value and its limit; the limits stand in ros_animate/limits.py.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ros_animate import limits
from ros_animate.errors import shown
from ros_animate.msg import ActionChunk as ActionChunkMessage
from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes.conversions import MessageError
from ros_animate.types import MOTION_ARRAYS, Motion

_LARGEST = {'keypoints': limits.KEYPOINT_COORDINATE, 'deformations': limits.KEYPOINT_COORDINATE,
            'jacobians': limits.KEYPOINT_MATRIX, 'covariances': limits.KEYPOINT_MATRIX,
            'latent': limits.LATENT, 'rotation': 1.0 + limits.ROTATION_ERROR,
            'translation': limits.HEAD_DISTANCE}
_BY_KEYPOINT = ('keypoints', 'jacobians', 'covariances', 'deformations')


def check_range(values: Any, what: str, low: float, high: float) -> None:
    """Refuses values, an array of any shape, of which one is not between `low` and `high`."""
    array = np.asarray(values)
    # A comparison with NaN is false.
    if array.size and not (array.min() >= low and array.max() <= high):
        wrong = array[~((array >= low) & (array <= high))].flat[0]
        raise MessageError(f'{what}: {wrong:g} is not between {low:g} and {high:g}')


def check_count(count: int, what: str, most: int) -> None:
    """Refuses more than `most` of something."""
    if count > most:
        raise MessageError(f'{count} {what}; at most {most} are accepted')


def check_name(name: str, what: str) -> None:
    """Refuses a name that is longer than a name is."""
    if len(name) > limits.NAME_LENGTH:
        raise MessageError(f'{what}: {shown(name, 40)} has more than {limits.NAME_LENGTH} letters')


def check_motion_message(message: MotionMessage) -> None:
    """Checks all of a motion that does not depend on the shapes of its arrays."""
    check_name(message.model, 'model')
    check_name(message.face_id, 'face_id')
    check_range(message.confidence, 'confidence', 0.0, 1.0)
    names, values = message.expression_names, message.expression_values
    if len(names) != len(values):
        raise MessageError(f'{len(names)} expression names, but {len(values)} values')
    check_count(len(names), 'expression names', limits.EXPRESSION_NAMES)
    check_name(max(names, key=len, default=''), 'expression name')
    check_range(values, 'expression', *limits.EXPRESSION_RANGE)
    check_range(message.scale, 'scale', *limits.HEAD_SCALE)
    check_range((message.image_width, message.image_height), 'image size', 0, limits.IMAGE_SIDE)
    if len(message.keypoints) and message.keypoint_dimensions not in (2, 3):
        raise MessageError(f'keypoints of {message.keypoint_dimensions} dimensions')


def check_motion(motion: Motion) -> None:
    """Checks the arrays of a motion from a message."""
    for name in MOTION_ARRAYS:
        values = getattr(motion, name)
        if values is not None and name in _LARGEST:
            check_range(values, name, -_LARGEST[name], _LARGEST[name])
    counts = {len(values) for name in _BY_KEYPOINT if (values := getattr(motion, name)) is not None}
    check_count(max(counts, default=0), 'keypoints', limits.KEYPOINTS)
    if len(counts) > 1:
        raise MessageError(f'numbers of keypoints that differ: {sorted(counts)}')
    if motion.latent is not None:
        check_count(len(motion.latent), 'numbers of a latent code', limits.LATENT_NUMBERS)
    if motion.rotation is not None:
        error = np.abs(motion.rotation @ motion.rotation.T - np.eye(3)).max()
        check_range(error, 'R R^T - 1 of the rotation', 0.0, limits.ROTATION_ERROR)
    if motion.landmarks is not None:
        _check_landmarks(motion)


def check_chunk_message(message: ActionChunkMessage) -> None:
    """Checks times and values of an action chunk; H = number of positions / number of joints."""
    count = len(message.positions) // max(len(message.joint_names), 1)
    check_count(count, 'waypoints', limits.WAYPOINTS)
    if not count or not message.dt_s >= limits.WAYPOINT_S or (
            not count * message.dt_s <= limits.HORIZON_S):
        raise MessageError(f'a chunk of {len(message.positions)} positions with dt_s '
                           f'{message.dt_s}; dt_s is at least {limits.WAYPOINT_S:g} s, all '
                           f'waypoints together last up to {limits.HORIZON_S:g} s')
    check_range(message.positions, 'positions', -limits.POSITION, limits.POSITION)


def check_points(points: Sequence[Any]) -> None:
    """Checks times and values of the JointTrajectoryPoints of a trajectory, one or more."""
    if not points:
        raise MessageError('a trajectory without points')
    check_count(len(points), 'points of a trajectory', limits.TRAJECTORY_POINTS)
    check_range([point.time_from_start.sec for point in points], 'time_from_start in seconds',
                -limits.TRAJECTORY_S, limits.TRAJECTORY_S)
    for name, most in (('positions', limits.POSITION), ('velocities', limits.MOTION_RATE),
                       ('accelerations', limits.MOTION_RATE)):
        values = np.concatenate([np.asarray(getattr(point, name)) for point in points])
        check_range(values, name, -most, most)


def _check_landmarks(motion: Motion) -> None:
    if motion.image_size is None:
        raise MessageError('landmarks without the size of their image')
    width, height = motion.image_size
    for axis, (name, size) in enumerate((('x', width), ('y', height), ('z', width))):
        low = -size if name == 'z' else 0.0
        check_range(motion.landmarks[:, axis],  # type: ignore[index]
                    f'{name} of the landmarks in an image of {width}x{height}',
                    low - limits.LANDMARK_MARGIN * size, (1.0 + limits.LANDMARK_MARGIN) * size)
