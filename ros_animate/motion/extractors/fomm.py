"""Keypoints with local affine maps, by the First Order Motion Model."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ros_animate.animation.crop import TIGHT
from ros_animate.models.fomm import Keypoints
from ros_animate.motion.neural import NeuralExtractor, NeuralOptions, to_array
from ros_animate.types import Array, Motion

MODEL = 'fomm'


class Fomm(NeuralExtractor):
    """Learned keypoints and Jacobians of the face, or of any object without `crop`."""

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = MODEL
    networks = ('kp_detector',)
    framing = TIGHT

    def _see(self, picture: Tensor, stamp_s: float, landmarks: Array | None) -> Motion:
        return to_motion(self.loaded['kp_detector'](picture), stamp_s)


def to_motion(keypoints: Keypoints, stamp_s: float) -> Motion:
    """The first of a batch."""
    return Motion(MODEL, stamp_s, keypoints=to_array(keypoints.value),
                  jacobians=to_array(keypoints.jacobian))


def to_keypoints(motion: Motion, device: torch.device) -> Keypoints:
    """A batch of one."""
    return Keypoints(*(torch.as_tensor(part, dtype=torch.float32, device=device)[None]
                       for part in (motion.keypoints, motion.jacobians)))


PLUGIN = Fomm
