"""Decomposition of landmarks into head pose (weak perspective) and shape in head coordinates."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.face import face_mesh
from ros_animate.types import Array

# Image axes (x right, y down, z away) to head axes (x right, y up, z towards the camera).
_FLIP = np.array([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class HeadPose:
    """Pose of the head: landmarks = flip(scale * rotation @ shape + translation).

    Attributes:
        rotation: (3, 3) head to camera; the identity looks straight into the camera.
        scale: Pixels per centimetre of the canonical face.
        translation: (3,) pixels in head axes (x right, y up, z towards the camera).
    """

    rotation: Array
    scale: float
    translation: Array

    def project(self, shape: Array) -> Array:
        """(N, 3) head coordinates in cm to (N, 3) landmarks in pixels."""
        return (self.scale * shape @ self.rotation.T + self.translation) * _FLIP

    def remove(self, landmarks: Array) -> Array:
        """(N, 3) landmarks in pixels to (N, 3) head coordinates in cm."""
        return (landmarks * _FLIP - self.translation) @ self.rotation / self.scale


@dataclass(frozen=True)
class PosedShape:
    """A face shape, (478, 3) cm in head coordinates, and the pose of the head."""

    shape: Array
    pose: HeadPose

    @classmethod
    def of(cls, landmarks: Array) -> PosedShape:
        """Decomposes (478, 3) landmarks."""
        pose = fit_pose(landmarks)
        return cls(pose.remove(landmarks), pose)

    def landmarks(self) -> Array:
        """(478, 3) pixels."""
        return self.pose.project(self.shape)


@functools.lru_cache(maxsize=1)
def rigid_weights() -> Array:
    """(468,) weights, sum 1, of the landmarks that expressions hardly move.

    Forehead, temples and the bridge of the nose: above the tip of the nose and away from eyes
    and brows.
    """
    vertices = face_mesh.canonical_mesh().vertices
    eyes = [vertices[list(ring)].mean(axis=0) for ring in
            (face_mesh.RIGHT_EYE, face_mesh.LEFT_EYE)]
    brows = vertices[list(face_mesh.RIGHT_BROW + face_mesh.LEFT_BROW)]
    from_eye = np.min([np.linalg.norm((vertices - eye)[:, :2], axis=1) for eye in eyes], axis=0)
    from_brow = np.linalg.norm(vertices[:, None] - brows, axis=2).min(axis=1)
    weights = (vertices[:, 1] > -2.0) & (from_eye > 2.6) & (from_brow > 1.2)
    return weights / weights.sum()


def fit_pose(landmarks: Array) -> HeadPose:
    """The pose of (478, 3) or (468, 3) landmarks: weighted orthogonal Procrustes analysis.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", 1991, equations 40 to 42, against the canonical face.

    Raises:
        ValueError: The landmarks are not finite or fall into one point.
    """
    index, weights, shape, shape_mean, spread = _rigid_model()
    points = np.asarray(landmarks, float)[index] * _FLIP
    mean = weights @ points
    if not np.isfinite(mean).all() or (weights @ (points - mean)**2).max() < 1e-6:
        raise ValueError('landmarks must be finite and must not fall into one point')
    u, singular, vt = np.linalg.svd((points - mean).T @ (shape * weights[:, None]))
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float(singular @ sign) / spread
    return HeadPose(rotation, scale, mean - scale * rotation @ shape_mean)


@functools.lru_cache(maxsize=1)
def _rigid_model() -> tuple[np.ndarray, Array, Array, Array, float]:
    """Rigid landmarks, their weights, centred canonical shape, its mean and its variance."""
    weights = rigid_weights()
    index = np.flatnonzero(weights)
    weights, shape = weights[index], face_mesh.canonical_mesh().vertices[index]
    mean = weights @ shape
    shape = shape - mean
    return index, weights, shape, mean, float(weights @ (shape**2).sum(axis=1))


def rotation_vector(rotation: Array) -> Array:
    """(3, 3) to (3,) axis times angle in radians."""
    return cv2.Rodrigues(np.asarray(rotation, float))[0].ravel()


def rotation_matrix(vector: Array) -> Array:
    """(3,) axis times angle in radians to (3, 3)."""
    return cv2.Rodrigues(np.asarray(vector, float))[0]
