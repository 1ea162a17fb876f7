"""Squares around the face and around the lips, for LivePortrait's cascaded terms."""
from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ros_animate.face.face_mesh import LIPS_OUTER
from ros_animate.training.animation.pairs import Labels

_FACE, _LIPS = 1.05, 1.6  # sides by the extent of the landmarks


class Squares(NamedTuple):
    """Squares in images.

    Attributes:
        face: (B, 3) x and y of the centre and half a side, in [-1, 1].
        lips: (B, 3) of the lips.
    """

    face: Tensor
    lips: Tensor


def face_squares(labels: Labels) -> Squares:
    """Squares around the landmarks; the whole image where they are unknown."""
    lips = labels.landmarks[:, LIPS_OUTER]
    return Squares(_around(labels.landmarks, _FACE), _around(lips, _LIPS))


def _around(points: Tensor, size: float) -> Tensor:
    low, high = points.amin(dim=1), points.amax(dim=1)
    half = (high - low).amax(dim=1, keepdim=True) / 2 * size
    square = torch.cat([(low + high) / 2, half], dim=1)
    return torch.where(square.isnan(), square.new_tensor([0.0, 0.0, 1.0]), square)


def crop_squares(images: Tensor, square: Tensor, side: int) -> Tensor:
    """Squares (B, 3) of images (B, 3, S, S) as (B, 3, side, side)."""
    x, y, half = square.float().unbind(dim=1)
    zero = torch.zeros_like(x)
    theta = torch.stack([half, zero, x, zero, half, y], dim=1).unflatten(1, (2, 3))
    grid = functional.affine_grid(theta, [len(images), 3, side, side], align_corners=False)
    return functional.grid_sample(images.float(), grid, padding_mode='border',
                                  align_corners=False)
