"""Random poses of a robot's face: every control is used, and faces stay plausible."""
from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ros_animate.collection.expressions import random_expression, random_head_deg
from ros_animate.face.virtual.muscles import EYE_RANGE_DEG, MUSCLES, rotation
from ros_animate.policy.policies.blendshape_map import BlendshapeMap
from ros_animate.robot.governor import Governor
from ros_animate.robot.sides import mirror_pairs
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Motion

DIGITS = 6  # decimals of the stored values
# Ranges of muscles outside of which a face looks the same: eyeballs stop, and shut lids can only be
# pressed together. A little wider, so that a policy learns where the ends are.
VISIBLE_RANGES = {'gaze_azimuth': (-1.6 * EYE_RANGE_DEG[0], 1.6 * EYE_RANGE_DEG[0]),
        'gaze_elevation': (-1.6 * EYE_RANGE_DEG[1], 1.6 * EYE_RANGE_DEG[1]),
        **dict.fromkeys([name for name in MUSCLES if name.startswith('eyelid')], (-0.5, 2.6))}
POSE_GROUPS = ('head', 'gaze')
# Shares of the ways in which a face is drawn; the rest stays near neutral.
INDEPENDENT, GROUPED, EXPRESSION = 0.2, 0.2, 0.3
# Shares of heads that turn as a person's does, neck and head together, and of heads whose controls
# are independent; the rest stays near neutral.
HEAD_TOGETHER, HEAD_INDEPENDENT = 0.6, 0.2
# Shares of gazes over the whole range and over a part of it; the rest is near neutral.
GAZE_FAR, GAZE_NEAR = 0.6, 0.3
NEAR = 0.3  # that part of the range
ACTIVE = 0.4  # share of an independent face's controls that leave neutral
# Noise that is added to every pose, as a share of the range: its standard deviation for the head,
# and the mean over faces of that for the face. A policy that is trained without small movements
# takes them for noise.
HEAD_NOISE, FACE_NOISE = 0.02, 0.05
Draw = Callable[[np.random.Generator], Array]


class ControlSampler:
    """Draws control values of one robot.

    A face has independent controls (all corners of the space), muscle groups that move together, an
    expression of a person (through the robot's rig), or is neutral. Head and gaze are drawn
    separately, since any face can look anywhere. All values keep the ranges and the coupled limits.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._spec = spec
        self._governor = Governor(spec)
        self._low, self._high = visible_range(spec)
        self._groups = {name: np.array([spec.index(n) for n in names])
                        for name, names in spec.groups.items()}
        self._face = np.array([c.group not in POSE_GROUPS for c in spec.controls])
        self._pairs = mirror_pairs(spec)
        self._rig = BlendshapeMap(BlendshapeMap.Config(adapt_s=0.0), spec) if spec.rig else None
        self._rest = dict(spec.rig.get('baseline', {}))

    def sample(self, rng: np.random.Generator) -> Array:
        """(N,) allowed control values in the robot's units."""
        pose = self._spec.neutral.copy()
        draw = _select(rng, (INDEPENDENT, self._independent), (GROUPED, self._grouped),
                       (EXPRESSION, self._expression))
        if draw is not None:
            pose = np.where(self._face, draw(rng), pose)
        pose += np.where(self._face, rng.exponential(FACE_NOISE), HEAD_NOISE) * (
            self._spec.high - self._spec.low) * rng.standard_normal(len(pose))
        self._turn_head(pose, rng)
        self._turn_eyes(pose, rng)
        return self.allowed(pose)

    def allowed(self, pose: Array) -> Array:
        """(N,) the nearest allowed pose, rounded to the stored decimals."""
        pose = pose.copy()
        self._governor.clamp(pose)
        return np.clip(np.round(pose, DIGITS), self._spec.low, self._spec.high)

    def _independent(self, rng: np.random.Generator) -> Array:
        anywhere = rng.uniform(self._low, self._high)
        return np.where(rng.random(len(anywhere)) < ACTIVE, anywhere, self._spec.neutral)

    def _grouped(self, rng: np.random.Generator) -> Array:
        """One signal drives all controls of a group, in random directions; both sides alike."""
        drive: Array = np.zeros(len(self._spec.names))
        for members in self._groups.values():
            share = rng.uniform(-1, 1, len(members))
            drive[members] = share * rng.uniform(-1, 1) + (1 - np.abs(share)) * (
                rng.uniform(-1, 1, len(members)))
        drive[self._pairs[:, 1]] = drive[self._pairs[:, 0]] + 0.12 * rng.standard_normal(
            len(self._pairs))
        drive = np.clip(drive * rng.uniform(0.8, 1.5), -1, 1)
        return self._spec.neutral + np.where(drive > 0, drive * (self._high - self._spec.neutral),
                                             drive * (self._spec.neutral - self._low))

    def _expression(self, rng: np.random.Generator) -> Array:
        if self._rig is None:
            return self._grouped(rng)
        shapes = random_expression(rng)
        shapes = {name: min(value + self._rest.get(name, 0.0), 1.0)
                  for name, value in shapes.items()}
        return self._follow(shapes, np.zeros(3))

    def _turn_head(self, pose: Array, rng: np.random.Generator) -> None:
        head = self._groups.get('head')
        if head is None:
            return
        draw = _select(rng, (HEAD_TOGETHER, self._head_together),
                       (HEAD_INDEPENDENT, self._head_independent))
        if draw is not None:
            pose[head] = draw(rng)[head]

    def _turn_eyes(self, pose: Array, rng: np.random.Generator) -> None:
        gaze = self._groups.get('gaze')
        if gaze is None:
            return
        kind, rest = rng.random(), self._spec.neutral[gaze]
        if kind < GAZE_FAR + GAZE_NEAR:
            reach = 1.0 if kind < GAZE_FAR else NEAR
            pose[gaze] = rest + reach * (rng.uniform(self._low[gaze], self._high[gaze]) - rest)

    def _head_together(self, rng: np.random.Generator) -> Array:
        if self._rig is None:
            return self._grouped(rng)
        pose = self._follow(self._rest, random_head_deg(rng))
        return pose + HEAD_NOISE * (self._spec.high - self._spec.low) * (
            rng.standard_normal(len(pose)))

    def _head_independent(self, rng: np.random.Generator) -> Array:
        """Independent controls of the head, over a part of the range or all of it."""
        return self._spec.neutral + rng.choice((0.6, 1.0)) * (
            self._independent(rng) - self._spec.neutral)

    def _follow(self, shapes: dict[str, float], head_deg: Array) -> Array:
        """(N,) control values of the robot's rig for a person's blendshapes and head angles."""
        assert self._rig is not None
        yaw, pitch, roll = head_deg
        motion = Motion('collection', 0.0, expression=shapes, rotation=rotation(yaw, pitch, roll))
        return self._rig.act(motion).values[0]


def _select(rng: np.random.Generator, *options: tuple[float, Draw]) -> Draw | None:
    """One of the functions, each with its probability; None with the probability that is left."""
    left = rng.random()
    for share, function in options:
        left -= share
        if left < 0:
            return function
    return None


def visible_range(spec: RobotSpec, ranges: Mapping[str, tuple[float, float]] = VISIBLE_RANGES
                  ) -> tuple[Array, Array]:
    """(N,) and (N,): low and high ends of the controls, within ranges of the muscles."""
    low, high = spec.low.copy(), spec.high.copy()
    for name, muscles in spec.face.get('controls', {}).items():
        i = spec.index(name)
        for muscle, (at_low, at_neutral, at_high) in muscles.items():
            visible = ranges.get(muscle, (-np.inf, np.inf))
            for ends, end in ((low, at_low), (high, at_high)):
                beyond = abs(end - np.clip(end, *visible))
                if beyond > 0:
                    ends[i] += beyond / abs(end - at_neutral) * (spec.neutral[i] - ends[i])
    return low, high
