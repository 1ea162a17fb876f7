"""Surroundings of synthetic faces: cluttered rooms, and hair that moves with the head."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.collection.appearances import HAIR
from ros_animate.face import face_mesh
from ros_animate.face.head_pose import HeadPose
from ros_animate.types import Array, Image

CLUTTER, HAIR_SHARE = 0.6, 0.6  # shares of the clips
_OBJECTS = (3, 14)
_HAIR_REACH, _HAIR_BEHIND_CM = (1.12, 1.5), (3.0, 8.0)  # in radii of the face; behind its contour
_LONG, _LENGTH = 0.5, (1.5, 2.6)  # share of long hair, and how far down it reaches in radii
_STRAND_PX = 160


def add_clutter(rng: np.random.Generator, background: Image) -> Image:
    """The background with random objects before it, in focus or blurred."""
    image = background.copy()
    side = len(image)
    for _ in range(rng.integers(*_OBJECTS)):
        colour = tuple(rng.uniform(0, 255, 3).tolist())
        at = tuple(rng.integers(0, side, 2).tolist())
        to = tuple(rng.integers(0, side, 2).tolist())
        kind = rng.integers(3)
        if kind == 0:
            cv2.rectangle(image, at, to, colour, -1)
        elif kind == 1:
            cv2.circle(image, at, int(rng.integers(3, side // 4)), colour, -1, cv2.LINE_AA)
        else:
            cv2.line(image, at, to, colour, int(rng.integers(1, side // 20)), cv2.LINE_AA)
    blurred = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.6, side / 40)))
    return np.asarray(cv2.addWeighted(background, 0.4, blurred, 0.6, 0), np.uint8)


@dataclass(frozen=True)
class Hair:
    """Hair behind a face.

    Attributes:
        outline: (N, 3) head coordinates in cm.
        strands: (_STRAND_PX, _STRAND_PX, 3) its texture, from one end of the head to the other.
    """

    outline: Array
    strands: Image

    @classmethod
    def random(cls, rng: np.random.Generator) -> Hair:
        """Short or long, straight or curly, of any colour."""
        contour = face_mesh.canonical_mesh().vertices[list(face_mesh.FACE_OVAL)]
        middle = contour.mean(axis=0)
        outward = contour - middle
        phase = np.linspace(0, 2 * np.pi, len(contour), endpoint=False)
        waves = sum(rng.normal(0, 0.05) * np.sin(k * phase + rng.uniform(0, 7)) for k in (1, 2, 5))
        radius = rng.uniform(*_HAIR_REACH) + waves
        outline = middle + radius[:, None] * outward
        low = outward[:, 1] < 0
        if rng.random() < _LONG:
            outline[low, 1] = middle[1] + rng.uniform(*_LENGTH) * outward[low, 1]
            outline[low, 0] = middle[0] + 1.15 * np.sign(outward[low, 0]) * np.abs(
                outward[:, 0]).max() * np.abs(outward[low, 0] / np.abs(outward[:, 0]).max()) ** 0.4
        else:
            outline[low, 1] = middle[1] + 0.3 * outward[low, 1]
        outline[:, 2] = contour[:, 2] - rng.uniform(*_HAIR_BEHIND_CM)
        colour = HAIR[rng.integers(len(HAIR))] * rng.uniform(0.6, 1.3)
        noise = cv2.GaussianBlur(rng.normal(0, 1, (_STRAND_PX, _STRAND_PX)), (0, 0),
                                 sigmaX=rng.uniform(0.6, 3), sigmaY=rng.uniform(2, 20))
        light = 1 + rng.uniform(0.1, 0.4) * noise / max(noise.std(), 1e-6)
        strands = np.clip(light[..., None] * colour, 0, 255).astype(np.uint8)
        return cls(outline, strands)

    def draw(self, background: Image, pose: HeadPose) -> Image:
        """The background with the hair of a head in this pose before it."""
        points = pose.project(self.outline)[:, :2]
        left, top = points.min(axis=0)
        width, height = np.maximum(np.ptp(points, axis=0), 1.0)
        side = len(background)
        move = np.array([[width / _STRAND_PX, 0, left], [0, height / _STRAND_PX, top]])
        strands = cv2.warpAffine(self.strands, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((side, side), np.uint8)
        cv2.fillPoly(mask, [np.round(16 * points).astype(np.int32)], 255, cv2.LINE_AA, 4)
        share = (mask.astype(np.float32) / 255)[..., None]
        return np.asarray(background + share * (strands.astype(np.float32) - background), np.uint8)
