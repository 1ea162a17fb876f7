"""A virtual camera that does not stand in front of the face."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.face.virtual import Camera
from ros_animate.face.virtual.muscles import rotation
from ros_animate.types import Array


@dataclass(frozen=True)
class TurnedCamera(Camera):
    """A camera off the axis of the face.

    Attributes:
        azimuth_deg: Place of the camera towards the face's left.
        elevation_deg: Place of the camera above the face.
    """

    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0

    def project(self, points: Array) -> tuple[Array, Array]:
        turn = rotation(0.0, self.elevation_deg, 0.0) @ rotation(-self.azimuth_deg, 0.0, 0.0)
        return super().project(points @ turn.T)
