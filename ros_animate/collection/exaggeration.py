"""Faces that show more than the robot can: a person's lids open wider, their jaw drops deeper."""
from __future__ import annotations

import numpy as np

from ros_animate.collection.sampling import POSE_GROUPS, ControlSampler
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

MOST = 1.7  # times the movement


class Exaggeration:
    """Draws how much more of a pose a face shows, each group of muscles for itself.

    The values that belong to such a face are those of the robot that comes nearest: the movement
    times the same factor, where it can make that, and the end of its range where it cannot. A
    policy that has seen no such faces goes astray in animated portraits, and in one region of the
    face because of another.
    """

    def __init__(self, spec: RobotSpec, face_map: FaceMap, sampler: ControlSampler,
                 share: float) -> None:
        """share: how often a group is exaggerated, 0 to 1."""
        self._spec, self._face_map, self._sampler, self._share = spec, face_map, sampler, share
        self._groups = [np.array([spec.index(name) for name in names])
                        for group, names in spec.groups.items() if group not in POSE_GROUPS]

    def __call__(self, rng: np.random.Generator, values: Array) -> tuple[Array, dict[str, float]]:
        """From sampled control values (N,) to those of the pair (N,) and the muscles shown."""
        muscles = self._face_map.muscles(values)
        if self._share == 0:
            return values, muscles
        neutral, wanted = self._spec.neutral, values.copy()
        rest = self._face_map.muscles(neutral)
        for group in self._groups:
            if rng.random() >= self._share:
                continue
            factor = rng.uniform(1.0, MOST)
            wanted[group] = neutral[group] + factor * (values[group] - neutral[group])
            alone = neutral.copy()
            alone[group] = values[group]
            # What controls do to a muscle adds up.
            for name, moved in self._face_map.muscles(alone).items():
                muscles[name] += (factor - 1.0) * (moved - rest[name])
        return self._sampler.allowed(wanted), muscles
