"""Schedule of the poses of a calibration: single controls, one side of the face, random faces."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ros_animate.calibration.faces import PersonFaces
from ros_animate.collection.pairs import random_stream
from ros_animate.collection.sampling import VISIBLE_RANGES, ControlSampler, visible_range
from ros_animate.face.virtual.muscles import EYE_RANGE_DEG
from ros_animate.robot.sides import mirror_pairs
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

# Purposes of random numbers.
ORDER, FACES = 20, 21
NEUTRAL_FIRST = 3  # neutral poses at the beginning: they show how alike images of one pose are
BLOCK = 8  # random poses between two neutral ones
SINGLES_SHARE = 0.6  # greatest share of poses of single controls
ONE_SIDED = 0.25  # share of random faces of which one half stays neutral
LEAST_WAY = 0.05  # of its range that a control has on a side of neutral
# Levels of a single control and how often they are repeated, the best that fits is taken.
SWEEPS: tuple[tuple[tuple[float, ...], int], ...] = (
    ((-1.0, -0.5, 0.5, 1.0), 3), ((-1.0, -0.5, 0.5, 1.0), 2), ((-1.0, 1.0), 2), ((-1.0, 1.0), 1))
# Ranges of muscles that single controls go through: beyond the end of the eyeballs' range half of a
# movement looks like all of it.
SWEPT_RANGES = {**VISIBLE_RANGES, **{name: (-end, end) for name, end in zip(
    ('gaze_azimuth', 'gaze_elevation'), EYE_RANGE_DEG)}}

Kind = Literal['neutral', 'step', 'single', 'random']


@dataclass(frozen=True)
class Pose:
    """A pose of the schedule.

    Attributes:
        kind: 'single': one control leaves neutral; 'step': the same, and the way there is watched.
        values: (C,) an allowed pose in the robot's units.
        control: Index of the single control, -1 of other poses.
        level: Share of its way that the coupled limits leave: 1 at the upper end of what can be
            seen, -1 at the lower end.
    """

    kind: Kind
    values: Array
    control: int = -1
    level: float = 0.0


Block = Sequence[Pose]  # its last pose is neutral


def schedule(spec: RobotSpec, seed: int, count: int) -> list[Block]:
    """Blocks of about `count` poses, which depend on the arguments alone.

    Every block ends with the neutral pose, which shows whether what was seen in it counts. Every
    control moves alone over its range, first from neutral to an end while it is watched; further
    repetitions go through the levels in the other direction, so that backlash shows. The rest are
    random faces, a part of them with one half of the face at neutral.

    Args:
        spec: The robot.
        seed: Seed of the order and of the random faces.
        count: Number of poses, the neutral ones included; at least those of every control's ends
            are made.
    """
    sampler = ControlSampler(spec)
    neutral = Pose('neutral', sampler.allowed(spec.neutral))
    blocks: list[Block] = [(neutral,)] * NEUTRAL_FIRST
    blocks += _singles(spec, sampler, seed, count, neutral)
    left = count - sum(map(len, blocks))
    faces = _faces(spec, sampler, seed)
    while left > 0:
        size = min(BLOCK, max(left - 1, 1))
        blocks.append((*(next(faces) for _ in range(size)), neutral))
        left -= size + 1
    return blocks


def controls_levels(spec: RobotSpec, index: int, levels: Sequence[float]) -> list[float]:
    """The levels of a control on the sides of neutral to which it can go."""
    low, high = visible_range(spec, SWEPT_RANGES)
    least = LEAST_WAY * (spec.high[index] - spec.low[index])
    down, up = spec.neutral[index] - low[index] > least, high[index] - spec.neutral[index] > least
    return [level for level in levels if (up if level > 0 else down)]


def single_pose(spec: RobotSpec, sampler: ControlSampler, index: int, level: float,
                kind: Kind = 'single') -> Pose:
    """The allowed pose that is nearest to the one in which a control leaves neutral by `level`."""
    values = sampler.allowed(single_values(spec, index, level))
    way = single_values(spec, index, np.sign(level))[index] - spec.neutral[index]
    return Pose(kind, values, index, float(abs((values[index] - spec.neutral[index]) / way)
                                           * np.sign(level)))


def single_values(spec: RobotSpec, index: int, level: float) -> Array:
    """(C,) the pose in which one control leaves neutral by `level`, whatever limits it."""
    low, high = visible_range(spec, SWEPT_RANGES)
    values = spec.neutral.copy()
    values[index] += level * (high[index] - values[index] if level > 0
                              else values[index] - low[index])
    return values


def _singles(spec: RobotSpec, sampler: ControlSampler, seed: int, count: int,
             neutral: Pose) -> Iterator[Block]:
    levels, repeats = _sweep(spec, count)
    for repeat in range(repeats):
        order = random_stream(seed, ORDER, repeat).permutation(len(spec.names))
        for index in map(int, order):
            own = controls_levels(spec, index, levels)
            own = own[::-1] if repeat % 2 == 0 else own
            kinds: list[Kind] = ['single'] * len(own)
            if repeat == 0 and own:
                kinds[0] = 'step'
            yield (*(single_pose(spec, sampler, index, level, kind)
                     for level, kind in zip(own, kinds)), neutral)


def _sweep(spec: RobotSpec, count: int) -> tuple[tuple[float, ...], int]:
    """Levels and repeats of the single controls that take at most their share of the poses."""
    for levels, repeats in SWEEPS:
        poses = sum(len(controls_levels(spec, index, levels)) + 1
                    for index in range(len(spec.names)))
        if repeats * poses <= SINGLES_SHARE * count:
            return levels, repeats
    return SWEEPS[-1]


def _faces(spec: RobotSpec, sampler: ControlSampler, seed: int) -> Iterator[Pose]:
    """Random faces without end."""
    pairs, people = mirror_pairs(spec), PersonFaces(spec)
    number = 0
    while True:
        rng = random_stream(seed, FACES, number)
        values = people.sample(rng)
        if len(pairs) and rng.random() < ONE_SIDED:
            still = pairs[:, rng.integers(2)]
            values[still] = spec.neutral[still]
            values = sampler.allowed(values)
        yield Pose('random', values)
        number += 1
