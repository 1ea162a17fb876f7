"""Faces of people, and how closely a robot that follows a policy shows them."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ros_animate.collection.expressions import random_expression, random_head_deg
from ros_animate.collection.pairs import random_stream
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import rotation_of
from ros_animate.policy.base import Policy
from ros_animate.policy.forward_model import ForwardModel
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Motion

COMPARED = ('brow', 'eye', 'jawOpen', 'mouth', 'nose')  # what trackers report reliably
MOVING = 0.05  # standard deviation of a blendshape that people move
HEAD_SHARE = 0.5  # of random heads: the face stays in sight
APART_S = 1.0  # between two faces: none goes on from the other


@dataclass(frozen=True)
class Fidelity:
    """Agreement of the faces that were asked for and those that are shown.

    Both are differences from neutral.

    Attributes:
        r: Mean correlation over the blendshapes that people move.
        gain: Mean slope of the shown over the asked ones.
        mae: Mean absolute difference.
    """

    r: float
    gain: float
    mae: float


def people(spec: RobotSpec, count: int, purpose: int) -> Iterator[tuple[Motion, Array]]:
    """Random faces of people: motion, and (52,) blendshapes as differences from a relaxed face.

    Args:
        spec: The robot, whose rig knows a relaxed face.
        count: Number of faces.
        purpose: Number that keeps its random numbers apart from others of the seed.
    """
    relaxed = dict(spec.rig.get('baseline', {}))
    for number in range(count):
        rng = random_stream(0, purpose, number)
        shapes, head_deg = random_expression(rng), HEAD_SHARE * random_head_deg(rng)
        expression = {name: float(np.clip(shapes.get(name, 0.0) + relaxed.get(name, 0.0), 0, 1))
                      for name in BLENDSHAPES}
        moved = np.array([expression[name] - relaxed.get(name, 0.0) for name in BLENDSHAPES])
        yield Motion('mediapipe', number * APART_S, expression=expression,
                     rotation=rotation_of(head_deg)), moved


def predicted_fidelity(spec: RobotSpec, policy: Policy, model: ForwardModel, count: int,
                       purpose: int) -> Fidelity:
    """The fidelity of a policy as a forward model predicts it."""
    asked, poses = [], []
    for motion, moved in people(spec, count, purpose):
        policy.reset()
        asked.append(moved)
        poses.append(policy.act(motion).values[0])
    shown = model.predict(np.array(poses)) - model.predict(spec.neutral)
    return agreement(np.array(asked), shown[:, :len(BLENDSHAPES)])


def agreement(asked: Array, shown: Array) -> Fidelity:
    """The fidelity of shown (F, 52) differences from neutral to those asked for (F, 52)."""
    moving = [at for at, name in enumerate(BLENDSHAPES)
              if name.startswith(COMPARED) and asked[:, at].std() > MOVING]
    one = asked[:, moving] - asked[:, moving].mean(axis=0)
    other = shown[:, moving] - shown[:, moving].mean(axis=0)
    product, size = (one * other).sum(axis=0), (one ** 2).sum(axis=0)
    r = product / np.sqrt(np.maximum(size * (other ** 2).sum(axis=0), 1e-12))
    return Fidelity(float(r.mean()), float((product / size).mean()),
                    float(np.abs(asked[:, moving] - shown[:, moving]).mean()))
