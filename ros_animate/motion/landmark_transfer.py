"""Landmark transfer: the driving face's motion, put onto the source's face.

Landmarks are split into a head pose (rotation, scale, translation of a weak-perspective camera) and
a shape in head coordinates. The pose and the change of shape against the driving person's own
neutral are added to the source's, so that the source keeps its identity:

    shape_out = shape_source + gain * (shape_driving - neutral_driving)
    rotation_out = rotation_source * neutral_rotation^-1 * rotation_driving
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate import face_mesh
from ros_animate.motion.head_pose import HeadPose, PosedShape, rotation_matrix, rotation_vector
from ros_animate.motion.neutral import AdaptiveNeutral
from ros_animate.types import Array, Motion


@dataclass(frozen=True)
class Gains:
    """How much of the driving motion reaches the source, by region; 1 is all of it."""

    brows: float = 1.0
    eyes: float = 1.0
    mouth: float = 1.0
    pose: float = 1.0
    translation: float = 0.4


def soft_limit(vectors: Array, limit: float) -> Array:
    """(..., D) vectors, shortened smoothly to less than `limit`; short ones hardly change."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    # Dividing first keeps the power finite for vectors of any finite length.
    ratio = np.minimum(length / limit, 1e6)
    return vectors / np.maximum(length, 1e-12) * limit * ratio / (1.0 + ratio**4) ** 0.25


class LandmarkTransfer:
    """Retargets driving landmarks onto one source face.

    The neutral is the one given to `calibrate`, else an AdaptiveNeutral. In absolute mode it is
    the source's own shape, so that the source takes on the driving face's proportions too.
    """

    SHAPE_LIMIT_CM = 4.5
    ROTATION_LIMIT_RAD = float(np.radians(35))
    TRANSLATION_LIMIT_CM = 2.5
    SCALE_LIMIT = 0.2

    def __init__(self, source: Array, gains: Gains | None = None, relative: bool = True) -> None:
        """source: (478, 3) landmarks of the portrait in pixels."""
        self.source = PosedShape.of(source)
        self._relative = relative
        self._gains = gains or Gains()
        self._weights = region_weights(self._gains)[:, None]
        self.reset()

    def reset(self) -> None:
        """Forgets the driving person."""
        self._calibrated: PosedShape | None = None
        self._adaptive = AdaptiveNeutral(self.source.shape)

    def calibrate(self, motion: Motion) -> None:
        """Takes the face in `motion` as the driving person's neutral until reset."""
        self._calibrated = PosedShape.of(_landmarks(motion))

    def __call__(self, motion: Motion) -> PosedShape:
        """The source face with the driving motion."""
        driving = PosedShape.of(_landmarks(motion))
        neutral = self._neutral(driving, motion)
        change = soft_limit(driving.shape - neutral.shape, self.SHAPE_LIMIT_CM)
        shape = self.source.shape + self._weights * change
        for eye in EYES:
            shape = eye.transfer(shape, self.source.shape, driving.shape, neutral.shape,
                                 self._gains.eyes)
        return PosedShape(_keep_lips_apart(shape), self._pose(driving.pose, neutral.pose))

    def _neutral(self, driving: PosedShape, motion: Motion) -> PosedShape:
        adaptive = self._adaptive.update(driving, motion.expression)
        if not self._relative:
            straight = HeadPose(self.source.pose.rotation, adaptive.pose.scale,
                                adaptive.pose.translation)
            return PosedShape(self.source.shape, straight)
        return self._calibrated or adaptive

    def _pose(self, driving: HeadPose, neutral: HeadPose) -> HeadPose:
        source = self.source.pose
        turn = self._gains.pose * rotation_vector(neutral.rotation.T @ driving.rotation)
        rotation = source.rotation @ rotation_matrix(soft_limit(turn, self.ROTATION_LIMIT_RAD))
        gain = self._gains.translation
        nearer = soft_limit(gain * np.log([driving.scale / neutral.scale]), self.SCALE_LIMIT)
        moved = gain * (driving.translation - neutral.translation) / neutral.scale
        # Depth is not seen by a weak-perspective camera: its change is already in the scale.
        moved = soft_limit(moved * (1, 1, 0), self.TRANSLATION_LIMIT_CM)
        return HeadPose(rotation, source.scale * float(np.exp(nearer[0])),
                        source.translation + source.scale * moved)


def _landmarks(motion: Motion) -> Array:
    if motion.landmarks is None:
        raise ValueError(f'motion of {motion.model!r} has no landmarks; use the motion plug-in '
                         "'mediapipe'")
    return motion.landmarks


@dataclass(frozen=True)
class Eye:
    """One eye in the face mesh: its corners, pairs of lid points, iris (centre first)."""

    corners: tuple[int, int]
    upper: tuple[int, ...]
    lower: tuple[int, ...]
    iris: tuple[int, ...]

    # Gap of a closed eye in eye widths, as the tracker sees it.
    CLOSED = 0.03
    MAX_OPENING = 1.6

    def transfer(self, shape: Array, source: Array, driving: Array, neutral: Array,
                 gain: float) -> Array:
        """`shape` with lids and iris set: a closed driving eye closes the source's entirely.

        Lids are transferred by the ratio of openings, not by differences, since eyes differ in
        how far they are open at rest. The iris moves by the difference in eye widths.
        """
        result = shape.copy()
        gap_source, middle_source = self._lids(source)
        gap_neutral, middle_neutral = self._lids(neutral)
        gap_driving, middle_driving = self._lids(driving)
        rest = max(float(gap_neutral.mean()), 0.15) - self.CLOSED
        opening = (float(gap_driving.mean()) - self.CLOSED) / rest
        opening = float(np.clip(1.0 + gain * (opening - 1.0), 0.0, self.MAX_OPENING))
        size = float(gap_source.mean()) / max(float(gap_neutral.mean()), 0.15)
        shift = gain * size * (middle_driving - middle_neutral)
        middle = middle_source + np.clip(shift, -0.25, 0.25)
        line, width = self._corner_line(result)
        half = 0.5 * opening * np.maximum(gap_source, 0.0)
        result[list(self.upper), 1] = line + width * (middle + half)
        result[list(self.lower), 1] = line + width * (middle - half)
        gaze = np.clip(self._gaze(driving) - self._gaze(neutral), -0.4, 0.4)
        centre = self._centre(result) + width * (self._gaze(source) + gain * gaze)
        rigid = source[list(self.iris)] - source[self.iris[0]]
        result[list(self.iris), :2] = centre + rigid[:, :2]
        return result

    def _corner_line(self, shape: Array) -> tuple[Array, float]:
        """Height of the line through the corners at each pair of lid points, and its length."""
        first, second = shape[list(self.corners)]
        width = max(float(np.linalg.norm((second - first)[:2])), 1e-3)
        along = np.linspace(0, 1, len(self.upper) + 2)[1:-1]
        return first[1] + along * (second[1] - first[1]), width

    def _lids(self, shape: Array) -> tuple[Array, Array]:
        line, width = self._corner_line(shape)
        upper, lower = shape[list(self.upper), 1] - line, shape[list(self.lower), 1] - line
        return (upper - lower) / width, 0.5 * (upper + lower) / width

    def _centre(self, shape: Array) -> Array:
        return shape[list(self.corners), :2].mean(axis=0)

    def _gaze(self, shape: Array) -> Array:
        """Offset of the iris from the middle of the corners in eye widths, (2,)."""
        return (shape[self.iris[0], :2] - self._centre(shape)) / self._corner_line(shape)[1]


def _eye(ring: tuple[int, ...], iris: tuple[int, ...]) -> Eye:
    return Eye((ring[0], ring[8]), ring[:8:-1], ring[1:8], iris)


EYES = (_eye(face_mesh.RIGHT_EYE, face_mesh.RIGHT_IRIS),
        _eye(face_mesh.LEFT_EYE, face_mesh.LEFT_IRIS))


def region_weights(gains: Gains) -> Array:
    """(478,) gain of each landmark: a smooth change from mouth to brows."""
    height = face_mesh.canonical_mesh().vertices[:, 1]
    upper = _ramp(height, 0.5, 3.5)
    weights = gains.mouth + upper * (gains.brows - gains.mouth)
    return np.concatenate([weights, np.full(10, gains.eyes)])


def _ramp(values: Array, low: float, high: float) -> Array:
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _keep_lips_apart(shape: Array) -> Array:
    """`shape` where the lips do not pass through each other: they meet half-way."""
    ring = face_mesh.LIPS_INNER
    lower, upper = list(ring[1:10]), list(ring[:10:-1])
    overlap = np.maximum(shape[lower, 1] - shape[upper, 1], 0.0)
    shape = shape.copy()
    shape[lower, 1] -= 0.5 * overlap
    shape[upper, 1] += 0.5 * overlap
    return shape
