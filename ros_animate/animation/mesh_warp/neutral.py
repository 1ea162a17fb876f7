"""The driving person's neutral face, to which relative motion refers."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ros_animate.face.head_pose import HeadPose, PosedShape, rotation_matrix, rotation_vector
from ros_animate.types import Array

# Blendshapes that are rarely seen on a face at rest. Others, such as browDown, mouthPucker or
# eyeSquint, are large on many faces that are just built so.
_LIVELY = ('jaw', 'mouthSmile', 'mouthFunnel', 'mouthUpperUp', 'mouthLowerDown', 'mouthStretch',
           'mouthLeft', 'mouthRight', 'cheekPuff', 'noseSneer', 'eyeBlink', 'browInnerUp')


def activity(expression: Mapping[str, float]) -> float:
    """How far from calm a face is: about 0.3 calm, 0.8 and more for a clear expression."""
    values = [value for name, value in expression.items() if name.startswith(_LIVELY)]
    return float(np.linalg.norm(values)) if values else 0.0


class AdaptiveNeutral:
    """The driving person's neutral face, estimated while watching.

    A mean over all frames so far in which a frame counts exp(-activity / TOLERANCE): the calmest
    frames decide, however long a smile lasts and wherever the clip starts. Until calm frames were
    seen, a prior (the source's own neutral, looking into the camera) keeps a grimace in the first
    frame from becoming the neutral. Old frames fade with a time constant of `MEMORY` frames, so
    that the neutral follows a change of person or of light.
    """

    TOLERANCE = 0.12
    MEMORY = 1800
    # The prior counts as so many frames of this activity.
    PRIOR_ACTIVITY = 1.0
    PRIOR_FRAMES = 10
    # Frames in which the head is turned further than this say little about its neutral.
    TURNED_RAD = 0.35

    def __init__(self, prior: Array) -> None:
        """prior: (478, 3) cm, a neutral shape to start from."""
        self._shape = _Mean(prior, self.PRIOR_FRAMES * self._weight(self.PRIOR_ACTIVITY))
        self._turn = _Mean(np.zeros(3), self.PRIOR_FRAMES * self._weight(self.PRIOR_ACTIVITY))
        self._place = _Mean(np.zeros(4), 0.0)

    def update(self, seen: PosedShape, expression: Mapping[str, float]) -> PosedShape:
        """Takes a frame into account; the neutral as far as it is known now."""
        weight = self._weight(activity(expression))
        turn = rotation_vector(seen.pose.rotation)
        frontal = float(np.exp(-(turn @ turn) / self.TURNED_RAD**2))
        place = np.array([np.log(seen.pose.scale), *seen.pose.translation])
        shape = self._shape.update(seen.shape, weight, self.MEMORY)
        turn = self._turn.update(turn, weight * frontal, self.MEMORY)
        place = self._place.update(place, weight, self.MEMORY)
        return PosedShape(shape, HeadPose(rotation_matrix(turn), float(np.exp(place[0])),
                                          place[1:]))

    def _weight(self, how_lively: float) -> float:
        return float(np.exp(-how_lively / self.TOLERANCE))


class _Mean:
    """A weighted mean whose old values fade."""

    def __init__(self, value: Array, weight: float) -> None:
        self._value, self._weight = value, weight

    def update(self, value: Array, weight: float, memory: float) -> Array:
        self._weight = self._weight * (1.0 - 1.0 / memory) + weight
        self._value = self._value + weight / self._weight * (value - self._value)
        return self._value
