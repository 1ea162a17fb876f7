"""Transfer of the driving face's motion to the source's landmarks.

Landmarks are decomposed into a head pose (rotation, scale, translation of a weak-perspective
camera) and a shape in head coordinates. The pose and the change of shape against the driving
person's own neutral are added to the source's, so that the source keeps its identity:

    shape_out = shape_source + gain * (shape_driving - neutral_driving)
    rotation_out = rotation_source * neutral_rotation^-1 * rotation_driving
"""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ros_animate.animation.mesh_warp.eye_motion import transfer_lids, turn_eyes
from ros_animate.animation.mesh_warp.neutral import AdaptiveNeutral
from ros_animate.face import face_mesh
from ros_animate.face.head_pose import HeadPose, PosedShape, rotation_matrix, rotation_vector
from ros_animate.types import Array, Motion, UnusableMotion

_INNER_LIPS, _OUTER_LIPS = np.array(face_mesh.LIPS_INNER), np.array(face_mesh.LIPS_OUTER)


@dataclass(frozen=True)
class Gains:
    """Gains of the driving motion by region of the face."""

    brows: float = 1.0
    eyes: float = 1.0
    mouth: float = 1.0
    pose: float = 1.0
    translation: float = 0.4


def soft_limit(vectors: Array, limit: float) -> Array:
    """(..., D) vectors, shortened smoothly to less than `limit`; short ones hardly change."""
    length = np.sqrt((vectors**2).sum(axis=-1, keepdims=True))
    # Dividing first keeps the power finite for vectors of any finite length.
    ratio = np.minimum(length / limit, 1e6)
    return vectors / np.maximum(length, 1e-12) * limit * ratio / (1.0 + ratio**4) ** 0.25


class LandmarkTransfer:
    """Retargets driving landmarks to one source face.

    After `calibrate` all motion is relative to the driving neutral given there. Until then an
    AdaptiveNeutral is used. Because its first estimates are uncertain, lips are then transferred
    absolutely: lips at rest look much alike (closed and level), and a grimace consists of them
    above all. For the rest of the face, `relative` sets how far the driving face's own proportions
    are removed (1: fully, the source keeps its identity; 0: not at all, the source takes them on).
    The gaze is always absolute.
    """

    SHAPE_LIMIT_CM = 4.5
    ROTATION_LIMIT_RAD = float(np.radians(35))
    TRANSLATION_LIMIT_CM = 2.5
    SCALE_LIMIT = 0.2

    def __init__(self, source: Array, gains: Gains | None = None, relative: float = 0.5) -> None:
        """Prepares the transfer.

        Args:
            source: (478, 3) landmarks of the portrait in pixels.
            gains: Gains by region; None for all 1, translation 0.4.
            relative: Share of the driving proportions that is removed before calibration.
        """
        self.source = PosedShape.of(source)
        self.configure(gains or Gains(), relative)
        self.reset()

    def configure(self, gains: Gains, relative: float) -> None:
        """Sets the gains and the share of the driving proportions; the neutral stays."""
        self._gains, self._relative = gains, relative
        self._weights = region_weights(gains)[:, None]

    def reset(self) -> None:
        """Forgets the driving person."""
        self._calibrated: PosedShape | None = None
        self._adaptive = AdaptiveNeutral(self.source.shape)

    def calibrate(self, motion: Motion) -> None:
        """Takes the face in `motion` as the driving person's neutral until reset."""
        self._calibrated = _posed(motion)

    def __call__(self, motion: Motion) -> PosedShape:
        """The source face with the driving motion."""
        driving = _posed(motion)
        neutral = self._neutral(driving, motion)
        reference = self._reference(neutral.shape)
        change = soft_limit(driving.shape - reference, self.SHAPE_LIMIT_CM)
        shape = self.source.shape + self._weights * change
        transfer_lids(shape, self.source.shape, driving.shape, reference, self._gains.eyes)
        turn_eyes(shape, self.source.shape, driving.shape, neutral.shape, self._gains.eyes)
        _keep_lips_apart(shape)
        return PosedShape(shape, self._pose(driving.pose, neutral.pose))

    def _neutral(self, driving: PosedShape, motion: Motion) -> PosedShape:
        adaptive = self._adaptive.update(driving, motion.expression)
        return self._calibrated or adaptive

    def _reference(self, neutral: Array) -> Array:
        """The driving shape that leaves the source unchanged."""
        if self._calibrated is not None:
            return neutral
        mixed = self.source.shape + self._relative * (neutral - self.source.shape)
        return with_lips_of(mixed, self.source.shape)

    def _pose(self, driving: HeadPose, neutral: HeadPose) -> HeadPose:
        source = self.source.pose
        turn = self._gains.pose * rotation_vector(neutral.rotation.T @ driving.rotation)
        rotation = source.rotation @ rotation_matrix(soft_limit(turn, self.ROTATION_LIMIT_RAD))
        gain = self._gains.translation
        nearer = soft_limit(gain * np.log([driving.scale / neutral.scale]), self.SCALE_LIMIT)
        moved = gain * (driving.translation - neutral.translation) / neutral.scale
        # A weak-perspective camera has no depth: its change is already in the scale.
        shift = soft_limit(moved * (1, 1, 0), self.TRANSLATION_LIMIT_CM)
        return HeadPose(rotation, source.scale * float(np.exp(nearer[0])),
                        source.translation + source.scale * shift)


def _posed(motion: Motion) -> PosedShape:
    try:
        return PosedShape.of(_landmarks(motion))
    except UnusableMotion:
        raise
    except ValueError as error:
        raise UnusableMotion(str(error)) from error


def _landmarks(motion: Motion) -> Array:
    if motion.landmarks is None:
        raise UnusableMotion(f'motion of {motion.model!r} has no landmarks; use the motion plug-in '
                             "'mediapipe'")
    return motion.landmarks


def with_lips_of(shape: Array, other: Array) -> Array:
    """`shape` with the lips' shape of `other`, at the position of its own lips."""
    moved = other - (other[_OUTER_LIPS] - shape[_OUTER_LIPS]).mean(axis=0)
    return shape + _lip_weights()[:, None] * (moved - shape)


@functools.lru_cache(maxsize=1)
def _lip_weights() -> Array:
    """(478,) 1 on the lips, falling to 0 within 2.5 cm around them."""
    vertices = face_mesh.canonical_mesh().vertices
    lips = vertices[list(face_mesh.LIPS_OUTER + face_mesh.LIPS_INNER)]
    distance = np.linalg.norm(vertices[:, None] - lips, axis=2).min(axis=1)
    return np.concatenate([1.0 - _ramp(distance, 0.4, 2.5), np.zeros(10)])


def region_weights(gains: Gains) -> Array:
    """(478,) gain of each landmark: a smooth change from mouth to brows."""
    height = face_mesh.canonical_mesh().vertices[:, 1]
    upper = _ramp(height, 0.5, 3.5)
    weights = gains.mouth + upper * (gains.brows - gains.mouth)
    return np.concatenate([weights, np.full(10, gains.eyes)])


def _ramp(values: Array, low: float, high: float) -> Array:
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _keep_lips_apart(shape: Array) -> None:
    """Resolves interpenetration of the lips in `shape`, in place: they meet half-way."""
    ring = _INNER_LIPS
    lower, upper = ring[1:10], ring[:10:-1]
    overlap = np.maximum(shape[lower, 1] - shape[upper, 1], 0.0)
    shape[lower, 1] -= 0.5 * overlap
    shape[upper, 1] += 0.5 * overlap
