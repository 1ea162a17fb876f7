"""Estimation of the driving person's neutral face, the reference of relative motion."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ros_animate.face.head_pose import HeadPose, PosedShape, rotation_matrix, rotation_vector
from ros_animate.types import Array

# Blendshapes that are rarely seen on a face at rest. Others, such as browDown, mouthPucker or
# eyeSquint, are large on many faces that are just built so.
_EXPRESSIVE = ('jaw', 'mouthSmile', 'mouthFunnel', 'mouthUpperUp', 'mouthLowerDown', 'mouthStretch',
           'mouthLeft', 'mouthRight', 'cheekPuff', 'noseSneer', 'eyeBlink', 'browInnerUp')


def activity(expression: Mapping[str, float]) -> float:
    """Strength of the expression: about 0.3 for a calm face, 0.8 and more for a clear one."""
    values = [value for name, value in expression.items() if name.startswith(_EXPRESSIVE)]
    return float(np.linalg.norm(values)) if values else 0.0


class AdaptiveNeutral:
    """Online estimate of the driving person's neutral face.

    A mean over all frames so far with weights exp(-activity / TOLERANCE): the calmest frames
    dominate, however long a smile lasts and wherever the clip starts. Until calm frames were
    observed, a prior (the source's own neutral, looking into the camera) keeps a grimace in the
    first frame from becoming the neutral. Old frames fade with a time constant of `MEMORY` frames,
    so that the neutral follows a change of person or of lighting.
    """

    TOLERANCE = 0.12
    MEMORY = 1800
    # The prior's weight, as that of so many frames of this activity.
    PRIOR_ACTIVITY = 1.0
    PRIOR_FRAMES = 10
    # No point of a face is further from that of another face.
    MOST_CM = 8.0
    # Rotation of the head from which a frame hardly counts for its neutral pose.
    TURNED_RAD = 0.35

    def __init__(self, prior: Array) -> None:
        """Starts from a neutral shape, (478, 3) cm."""
        self._prior = prior
        self._shape = _Mean(prior, self.PRIOR_FRAMES * self._weight(self.PRIOR_ACTIVITY))
        self._turn = _Mean(np.zeros(3), self.PRIOR_FRAMES * self._weight(self.PRIOR_ACTIVITY))
        self._place = _Mean(np.zeros(4), 0.0)

    def update(self, observed: PosedShape, expression: Mapping[str, float]) -> PosedShape:
        """Updates the estimate with a frame; returns the neutral."""
        weight = self._weight(activity(expression))
        turn = rotation_vector(observed.pose.rotation)
        frontal = float(np.exp(-(turn @ turn) / self.TURNED_RAD**2))
        place = np.array([np.log(observed.pose.scale), *observed.pose.translation])
        plausible = np.clip(observed.shape, self._prior - self.MOST_CM, self._prior + self.MOST_CM)
        shape = self._shape.update(plausible, weight, self.MEMORY)
        turn = self._turn.update(turn, weight * frontal, self.MEMORY)
        place = self._place.update(place, weight, self.MEMORY)
        return PosedShape(shape, HeadPose(rotation_matrix(turn), float(np.exp(place[0])),
                                          place[1:]))

    def _weight(self, activity: float) -> float:
        return float(np.exp(-activity / self.TOLERANCE))


class _Mean:
    """A weighted mean whose old values fade."""

    def __init__(self, value: Array, weight: float) -> None:
        self._value, self._weight = value, weight

    def update(self, value: Array, weight: float, memory: float) -> Array:
        self._weight = self._weight * (1.0 - 1.0 / memory) + weight
        self._value = self._value + weight / self._weight * (value - self._value)
        return self._value
