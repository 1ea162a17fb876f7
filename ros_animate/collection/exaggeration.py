"""Expressions beyond the robot's range: a person's lids open wider, their jaw drops deeper."""
from __future__ import annotations

import numpy as np

from ros_animate.collection.sampling import POSE_GROUPS, ControlSampler
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

MAX_FACTOR = 1.7  # times the movement


class Exaggeration:
    """Scales the movement of a pose by a random factor, for each group of muscles on its own.

    The control values of such a face are those of the nearest pose of the robot: the scaled
    movement, limited to the robot's range. A policy that was trained without such faces is wrong on
    animated portraits, and in one region of the face because of another.
    """

    def __init__(self, spec: RobotSpec, face_map: FaceMap, sampler: ControlSampler,
                 share: float) -> None:
        """Makes an exaggeration.

        Args:
            spec: The robot.
            face_map: Muscles of the robot's virtual face.
            sampler: Limits the control values.
            share: Probability that a group is exaggerated, 0 to 1.
        """
        self._spec, self._face_map, self._sampler, self._share = spec, face_map, sampler, share
        self._groups = [np.array([spec.index(name) for name in names])
                        for group, names in spec.groups.items() if group not in POSE_GROUPS]

    def __call__(self, rng: np.random.Generator, values: Array) -> tuple[Array, dict[str, float]]:
        """Control values of the pair (N,), and the muscles that its face shows.

        Args:
            rng: Random numbers.
            values: (N,) sampled control values.
        """
        muscles = self._face_map.muscles(values)
        if self._share == 0:
            return values, muscles
        neutral, scaled = self._spec.neutral, values.copy()
        rest = self._face_map.muscles(neutral)
        for group in self._groups:
            if rng.random() >= self._share:
                continue
            factor = rng.uniform(1.0, MAX_FACTOR)
            scaled[group] = neutral[group] + factor * (values[group] - neutral[group])
            alone = neutral.copy()
            alone[group] = values[group]
            # The effects of several controls on a muscle add up.
            for name, moved in self._face_map.muscles(alone).items():
                muscles[name] += (factor - 1.0) * (moved - rest[name])
        return self._sampler.allowed(scaled), muscles
