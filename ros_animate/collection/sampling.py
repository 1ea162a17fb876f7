"""Random poses of a robot's face: every control is exercised, and faces stay plausible."""
from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from ros_animate.collection.expressions import random_expression, random_head_deg
from ros_animate.face.virtual.face import EYE_RANGE_DEG, MUSCLES, rotation
from ros_animate.policy.policies.blendshape_map import BlendshapeMap
from ros_animate.robot.governor import Governor
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Motion

DIGITS = 6  # of the stored values
# How far muscles are drawn, where a face shows no more beyond: eyes turn only so far, and lids that
# are shut can only be pressed together. A little farther, so that the ends are known as ends.
SEEN = {'gaze_azimuth': (-1.6 * EYE_RANGE_DEG[0], 1.6 * EYE_RANGE_DEG[0]),
        'gaze_elevation': (-1.6 * EYE_RANGE_DEG[1], 1.6 * EYE_RANGE_DEG[1]),
        **dict.fromkeys([name for name in MUSCLES if name.startswith('eyelid')], (-0.5, 2.0))}
POSE_GROUPS = ('head', 'gaze')
# How often a face is drawn in which way; the rest stays near neutral.
INDEPENDENT, GROUPED, EXPRESSION = 0.2, 0.2, 0.3
# How often the head turns as a person's does, neck and head together; the rest: on its own, or not.
HEAD_TOGETHER, HEAD_APART = 0.6, 0.2
# How often the eyes look away as far as they can, and less far; the rest is near neutral.
GAZE_FAR, GAZE_NEAR = 0.6, 0.3
NEAR = 0.3  # of the way
ACTIVE = 0.4  # how often a control of an independent face leaves neutral
TREMBLE = 0.02  # of the range: no head is held still
# Of the range: how far, in the mean over faces, controls are from where they were drawn. Small
# movements matter as much as large ones; a policy that sees none of them takes them for noise.
UNREST = 0.05
Draw = Callable[[np.random.Generator], Array]


class ControlSampler:
    """Draws control values of one robot.

    A face is a mixture of independent controls (all corners of the space), muscle groups that
    move together, expressions that people make (through the robot's rig), and neutral. Head and
    gaze are drawn separately, since any face can look anywhere. All values keep the ranges and
    the coupled limits.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._spec = spec
        self._governor = Governor(spec)
        self._low, self._high = _drawn_range(spec)
        self._groups = {name: np.array([spec.index(n) for n in names])
                        for name, names in spec.groups.items()}
        self._face = np.array([c.group not in POSE_GROUPS for c in spec.controls])
        self._pairs = _pairs(spec)
        self._rig = BlendshapeMap(BlendshapeMap.Config(adapt_s=0.0), spec) if spec.rig else None
        self._rest = dict(spec.rig.get('baseline', {}))

    def sample(self, rng: np.random.Generator) -> Array:
        """(N,) allowed control values in the robot's units."""
        pose = self._spec.neutral.copy()
        draw = _choose(rng, (INDEPENDENT, self._independent), (GROUPED, self._grouped),
                       (EXPRESSION, self._expression))
        if draw is not None:
            pose = np.where(self._face, draw(rng), pose)
        pose += np.where(self._face, rng.exponential(UNREST), TREMBLE) * (
            self._spec.high - self._spec.low) * rng.standard_normal(len(pose))
        self._turn_head(pose, rng)
        self._turn_eyes(pose, rng)
        return self.allowed(pose)

    def allowed(self, pose: Array) -> Array:
        """(N,) the allowed pose near `pose`, in the digits that are stored."""
        pose = pose.copy()
        self._governor.clamp(pose)
        return np.clip(np.round(pose, DIGITS), self._spec.low, self._spec.high)

    def _independent(self, rng: np.random.Generator) -> Array:
        anywhere = rng.uniform(self._low, self._high)
        return np.where(rng.random(len(anywhere)) < ACTIVE, anywhere, self._spec.neutral)

    def _grouped(self, rng: np.random.Generator) -> Array:
        """Within a group one drive moves all, some this way and some that; both sides alike."""
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
        draw = _choose(rng, (HEAD_TOGETHER, self._together), (HEAD_APART, self._apart))
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

    def _together(self, rng: np.random.Generator) -> Array:
        if self._rig is None:
            return self._grouped(rng)
        pose = self._follow(self._rest, random_head_deg(rng))
        return pose + TREMBLE * (self._spec.high - self._spec.low) * rng.standard_normal(len(pose))

    def _apart(self, rng: np.random.Generator) -> Array:
        """Controls of the head against each other, the whole way only now and then."""
        return self._spec.neutral + rng.choice((0.6, 1.0)) * (
            self._independent(rng) - self._spec.neutral)

    def _follow(self, shapes: dict[str, float], head_deg: Array) -> Array:
        """(N,) what the rig makes of a person's blendshapes and head angles."""
        assert self._rig is not None
        yaw, pitch, roll = head_deg
        motion = Motion('collection', 0.0, expression=shapes, rotation=rotation(yaw, pitch, roll))
        return self._rig.act(motion).values[0]


def _choose(rng: np.random.Generator, *options: tuple[float, Draw]) -> Draw | None:
    """One of the functions, each with its probability; None with what is left."""
    left = rng.random()
    for share, function in options:
        left -= share
        if left < 0:
            return function
    return None


def _drawn_range(spec: RobotSpec) -> tuple[Array, Array]:
    """(N,) and (N,): the ranges, but no farther than can be seen."""
    low, high = spec.low.copy(), spec.high.copy()
    for name, muscles in spec.face.get('controls', {}).items():
        i = spec.index(name)
        for muscle, (at_low, at_neutral, at_high) in muscles.items():
            seen = SEEN.get(muscle, (-np.inf, np.inf))
            for ends, end in ((low, at_low), (high, at_high)):
                beyond = abs(end - np.clip(end, *seen))
                if beyond > 0:
                    ends[i] += beyond / abs(end - at_neutral) * (spec.neutral[i] - ends[i])
    return low, high


def _pairs(spec: RobotSpec) -> np.ndarray:
    """(P, 2) indices of controls that differ in left and right only."""
    others = {name: re.sub('Left', 'Right', name) for name in spec.names}
    pairs = [(spec.index(a), spec.index(b)) for a, b in others.items()
             if a != b and b in spec.names]
    return np.array(pairs, dtype=int).reshape(-1, 2)
