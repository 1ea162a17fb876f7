"""Clips of synthetic faces, each with its first frame warped to all the others.

The person of clip number n and their motion depend on the seed alone.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ros_animate.animation.mesh_warp.portrait import Portrait
from ros_animate.animation.mesh_warp.source_face import GRID, SourceFace
from ros_animate.collection.pairs import random_stream
from ros_animate.face.head_pose import PosedShape
from ros_animate.face.virtual import MUSCLES
from ros_animate.training.animation.clip_pool import PoolSize
from ros_animate.training.animation.synthetic import NAMES, Script, render_person
from ros_animate.types import Array, Image

LANDMARKS = 478
# Random streams, apart from those of `synthetic`.
_POSES, _FACES, _NOISE = 20, 21, 22
# Portraits mostly show a calm face: share of them, and of their expression that is left.
_CALM, _LEFT = 0.6, 0.3
_SCALE = (0.85, 1.35)  # size of the square around a face; portraits show more than the face
# Errors of landmarks: of the whole face's form and place, and of single points, cm.
_FORM, _PLACE_CM, _POINT_CM = 0.006, 0.04, 0.012
_REST = np.array([MUSCLES[name] for name in NAMES])


class WarpedFrames(NamedTuple):
    """A clip and its warps.

    Attributes:
        images: (T, S, S, 3) uint8 RGB; the first one is the source.
        warped: (T - 1, S, S, 3), the source warped to each of the others.
        motion: (T - 1, GRID, GRID, 2) float16, how far each place of it has come, in pixels.
        landmarks: (T, 478, 2) in pixels from the centre of the first, those of the warps.
    """

    images: Image
    warped: Image
    motion: Array
    landmarks: Array


def make_warped_clip(seed: int, number: int, count: int, size: int) -> WarpedFrames:
    """Clip `number` of a seed.

    Args:
        seed: Seed of people and poses.
        number: Number of the clip, from 0 on.
        count: Number of frames.
        size: Width and height in pixels.
    """
    rng = random_stream(seed, _POSES, number)
    script = _portrait_first(rng, Script.draw(rng, count))
    images, landmarks = render_person(random_stream(seed, _FACES, number), script, size,
                                      surroundings=True)
    landmarks = landmarks - (0.5, 0.5, 0.0)
    noise = random_stream(seed, _NOISE, number)
    shapes = [_with_errors(noise, PosedShape.of(points)) for points in landmarks]
    source = SourceFace(Portrait(images[0], shapes[0].landmarks()), shapes[0])
    faces = [source.render(shape) for shape in shapes[1:]]
    return WarpedFrames(images, np.stack([face.image for face in faces]),
                        np.stack([face.motion for face in faces]).astype(np.float16),
                        np.stack([shape.landmarks()[:, :2] for shape in shapes]))


@dataclass(frozen=True)
class WarpedPoolSize(PoolSize):
    """Size and seed of a pool of warped clips."""

    def arrays(self) -> dict[str, tuple[tuple[int, ...], type]]:
        n, t, s = self.clips, self.frames, self.size
        return {'images': ((n, t, s, s, 3), np.uint8),
                'warped': ((n, t - 1, s, s, 3), np.uint8),
                'motion': ((n, t - 1, GRID, GRID, 2), np.float16),
                'landmarks': ((n, t, LANDMARKS, 2), np.float32)}

    def make(self, number: int) -> Mapping[str, np.ndarray]:
        return make_warped_clip(self.seed, number, self.frames, self.size)._asdict()


def _portrait_first(rng: np.random.Generator, script: Script) -> Script:
    """The script with a first frame that is mostly calm, in a square of another size."""
    muscles = script.muscles.copy()
    if rng.random() < _CALM:
        muscles[0] = _REST + _LEFT * (muscles[0] - _REST)
    return dataclasses.replace(script, muscles=muscles, scale=float(rng.uniform(*_SCALE)))


def _with_errors(rng: np.random.Generator, face: PosedShape) -> PosedShape:
    """The face as a tracker might measure it."""
    form = np.eye(3) + _FORM * rng.standard_normal((3, 3))
    points = _POINT_CM * rng.standard_normal(face.shape.shape)
    place = face.pose.scale * _PLACE_CM * rng.standard_normal(3) * (1, 1, 0)
    pose = dataclasses.replace(face.pose, translation=face.pose.translation + place)
    return PosedShape(face.shape @ form + points, pose)
