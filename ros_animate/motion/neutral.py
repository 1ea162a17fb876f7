"""The driving person's neutral face, to which relative motion refers."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ros_animate.motion.head_pose import HeadPose, PosedShape, rotation_matrix, rotation_vector
from ros_animate.types import Array


class AdaptiveNeutral:
    """The driving person's neutral face, estimated while watching.

    A mean over all frames so far in which a frame counts exp(-activity / TOLERANCE): the calmest
    frames decide, however long a smile lasts and wherever the clip starts. Activity is the length
    of the blendshape vector (gaze and squint left out: a squint is mostly the shape of the eye).
    Until calm frames were seen, a prior (the source's own neutral, looking into the camera) keeps a
    grimace in the first frame from becoming the neutral. Old frames fade with a time constant of
    `MEMORY` frames, so the neutral follows a change of person or of light.
    """

    TOLERANCE = 0.15
    MEMORY = 1800
    PRIOR_ACTIVITY = 1.5
    PRIOR_FRAMES = 10
    POSE_TOLERANCE_RAD = 0.35

    def __init__(self, prior: Array) -> None:
        self._shape = prior.copy()
        self._turn = np.zeros(3)
        self._place = np.zeros(4)
        prior_weight = self.PRIOR_FRAMES * float(np.exp(-self.PRIOR_ACTIVITY / self.TOLERANCE))
        self._weight = self._turn_weight = prior_weight
        self._place_weight = 0.0

    def update(self, seen: PosedShape, expression: Mapping[str, float]) -> PosedShape:
        """Takes a frame into account; the neutral as far as it is known now."""
        weight = float(np.exp(-activity(expression) / self.TOLERANCE))
        turn = rotation_vector(seen.pose.rotation)
        calm = weight * float(np.exp(-(np.linalg.norm(turn) / self.POSE_TOLERANCE_RAD) ** 2))
        fade = 1.0 - 1.0 / self.MEMORY
        self._weight, share = _accumulate(self._weight * fade, weight)
        self._shape += share * (seen.shape - self._shape)
        self._turn_weight, share = _accumulate(self._turn_weight * fade, calm)
        self._turn += share * (turn - self._turn)
        place = np.array([np.log(seen.pose.scale), *seen.pose.translation])
        self._place_weight, share = _accumulate(self._place_weight * fade, weight)
        self._place += share * (place - self._place)
        pose = HeadPose(rotation_matrix(self._turn), float(np.exp(self._place[0])),
                        self._place[1:].copy())
        return PosedShape(self._shape.copy(), pose)


def _accumulate(total: float, weight: float) -> tuple[float, float]:
    total += weight
    return total, weight / total


def activity(expression: Mapping[str, float]) -> float:
    """How far from calm a face is: 0 for none; about 0.5 calm, 1.5 and more for a grimace."""
    values = [value for name, value in expression.items()
              if not name.startswith(('eyeLook', 'eyeSquint', '_'))]
    return float(np.linalg.norm(values)) if values else 0.0
