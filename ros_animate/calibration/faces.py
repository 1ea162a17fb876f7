"""Random faces as people show them, for robots with a rig.

What is learned there counts: an imitation stays near to the faces of people. So the rig is asked to
show random expressions, and its poses are disturbed, since the rig is not what is to be learned.
"""
from __future__ import annotations

import numpy as np

from ros_animate.collection.expressions import random_expression
from ros_animate.collection.sampling import ControlSampler
from ros_animate.face.virtual.muscles import rotation
from ros_animate.policy.policies.blendshape_map import BlendshapeMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Motion

ANYWHERE = 0.15  # share of poses from all of the robot's range
STRENGTH = (0.4, 1.4)  # of the expressions
MORE, MOST = 0.06, 0.8  # probability that a blendshape is moved besides, and how far
GLANCES, GLANCE = 0.5, 0.35  # share of faces that look away, standard deviation of the blendshapes
CLOSING = 0.4  # share of faces with lids that are partly closed
TURNED, TURN_DEG, STILL_DEG = 0.6, (10.0, 8.0, 7.0), 2.0  # share and angles of turned heads
# Mean over the poses of the noise of the controls, in ranges; the gaze's is a part of it.
NOISE, GAZE_NOISE = 0.06, 0.3


class PersonFaces:
    """Draws poses in which a robot's face is as people's faces are.

    Args:
        spec: The robot. Without a rig its poses are those of `ControlSampler`.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._spec, self._anywhere = spec, ControlSampler(spec)
        self._rig = BlendshapeMap(BlendshapeMap.Config(adapt_s=0.0), spec) if spec.rig else None
        self._relaxed = dict(spec.rig.get('baseline', {}))
        share = [GAZE_NOISE if c.group == 'gaze' else 1.0 for c in spec.controls]
        self._noise = np.array(share) * (spec.high - spec.low)

    def sample(self, rng: np.random.Generator) -> Array:
        """(N,) allowed control values in the robot's units."""
        if self._rig is None or rng.random() < ANYWHERE:
            return self._anywhere.sample(rng)
        shapes = self._shapes(rng)
        spread = TURN_DEG if rng.random() < TURNED else (STILL_DEG,) * 3
        turned = rotation(*(rng.standard_normal(3) * spread))
        pose = self._rig.act(Motion('calibration', 0.0, expression=shapes, rotation=turned)
                             ).values[0]
        pose = pose + rng.exponential(NOISE) * self._noise * rng.standard_normal(len(pose))
        return self._anywhere.allowed(np.clip(pose, self._spec.low, self._spec.high))

    def _shapes(self, rng: np.random.Generator) -> dict[str, float]:
        """Blendshapes of a person."""
        strength = rng.uniform(*STRENGTH)
        shapes = {name: self._relaxed.get(name, 0.0) + strength * value
                  for name, value in random_expression(rng).items()}
        for name in shapes:
            if rng.random() < MORE:
                shapes[name] += rng.uniform(0.0, MOST)
        if rng.random() < GLANCES:
            left, up = GLANCE * rng.standard_normal(2)
            shapes.update(_glance(left, up, self._relaxed))
        if rng.random() < CLOSING:
            shapes['eyeBlinkLeft'] = shapes['eyeBlinkRight'] = rng.uniform(0.0, 1.0)
        return {name: float(np.clip(value, 0.0, 1.0)) for name, value in shapes.items()}


def _glance(left: float, up: float, relaxed: dict[str, float]) -> dict[str, float]:
    """Blendshapes of eyes that look some part of their range to the left and up."""
    down = relaxed.get('eyeLookDownLeft', 0.0) + max(-up, 0.0)
    return {'eyeLookOutLeft': max(left, 0.0), 'eyeLookInRight': max(left, 0.0),
            'eyeLookInLeft': max(-left, 0.0), 'eyeLookOutRight': max(-left, 0.0),
            'eyeLookUpLeft': max(up, 0.0), 'eyeLookUpRight': max(up, 0.0),
            'eyeLookDownLeft': down, 'eyeLookDownRight': down}
