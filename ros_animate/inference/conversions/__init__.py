"""Conversion between network outputs and the `Motion` that stages exchange: one file a family."""
from __future__ import annotations

from typing import Any, Protocol

import torch

from ros_animate.types import Motion


class KeypointConversion(Protocol):
    """A module that converts the keypoints of one family."""

    def to_motion(self, keypoints: Any, stamp_s: float) -> Motion:
        """The first of a batch of detected keypoints, as the motion of a frame with this stamp."""

    def to_keypoints(self, motion: Motion, device: torch.device) -> Any:
        """Keypoints of a motion: a batch of one, float32."""
