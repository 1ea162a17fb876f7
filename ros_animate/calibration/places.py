"""Place of the camera before a robot's face, from its neutral face."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.calibration.journal import Taken
from ros_animate.calibration.sighting import Sighting


@dataclass(frozen=True)
class CameraPlace:
    """Place of the camera.

    Attributes:
        azimuth_deg: Angle from the face's axis to the robot's left.
        elevation_deg: Angle above the axis.
        roll_deg: Lean of the robot's head to its right ear in the image.
        size: Size of the face in the image, relative to what the virtual camera sees; NaN if the
            robot's own camera is another one.
        distance_m: Distance as the tracker estimates it, for a usual lens.
    """

    azimuth_deg: float
    elevation_deg: float
    roll_deg: float
    size: float
    distance_m: float

    @property
    def off_axis_deg(self) -> float:
        """Angle between the camera and the axis of the face."""
        return float(np.hypot(self.azimuth_deg, self.elevation_deg))


def camera_place(taken: Sequence[Taken], expected: Sequence[Sighting],
                 turns: tuple[float, float] | None) -> CameraPlace:
    """The place of the camera, by the median of the neutral faces.

    Args:
        taken: Poses of a session.
        expected: Neutral faces that a camera in front sees of robots alike; may be empty.
        turns: Angles of the camera that the tracker reports on virtual faces, of the true ones;
            None for a real camera, whose images cannot be compared in size either.
    """
    neutral = [t for t in taken if t.kind == 'neutral' and not t.reason]
    angles = np.median([t.features[-3:] for t in neutral], axis=0)
    size, distance_m = (float(np.median([t.seen[at] for t in neutral])) for at in (0, 3))
    usual, usual_size = np.zeros(3), float('nan')
    if expected:
        usual = np.mean([sighting.angles_deg for sighting in expected], axis=0)
        usual_size = float(np.mean([sighting.size for sighting in expected]))
    yaw, pitch, roll = angles - usual
    # A head that seems to look to its right is seen from its left; one that looks down, from above.
    share_yaw, share_pitch = turns or (1.0, 1.0)
    return CameraPlace(-float(yaw) / share_yaw, float(pitch) / share_pitch, float(roll),
                       size / usual_size if turns else float('nan'), distance_m)
