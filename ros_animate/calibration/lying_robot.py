"""Virtual robots that do not do what their file says: the ground truth for a calibration."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ros_animate.calibration.turned_camera import TurnedCamera
from ros_animate.collection.appearances import random_person
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.face.virtual.appearance import Appearance
from ros_animate.hardware.delay_line import DelayLine
from ros_animate.hardware.robots.mock import MockRobot
from ros_animate.robot.sides import mirror_pairs
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Image

LEAST_SIDE = 0.2  # of its range that an inverted control has on both sides of neutral


@dataclass(frozen=True)
class Lies:
    """Differences of a robot from its file.

    Attributes:
        appearance: Appearance of its face.
        camera: Sees it.
        gains: Share of the movement that a control really makes: 0.5 half of it, -1 the opposite
            one, 0 none. Those that are not named make all of it.
        swapped: Controls of which each moves what the other one should.
        delay_s: Time by which all movements are late.
    """

    appearance: Appearance = Appearance()
    camera: Camera = Camera()
    gains: Mapping[str, float] = field(default_factory=dict)
    swapped: tuple[str, ...] = ()
    delay_s: float = 0.0


class LyingRobot(MockRobot):
    """A virtual robot that says it is where it was sent, and shows something else.

    Args:
        spec: The robot as its file describes it.
        lies: Differences from that.
    """

    def __init__(self, spec: RobotSpec, lies: Lies) -> None:
        super().__init__(MockRobot.Config(size=lies.camera.size[1]), spec)
        self._lies = lies
        self._face = VirtualFace(lies.appearance, lies.camera)
        self._gains = np.ones(len(spec.names))
        for name, gain in lies.gains.items():
            self._gains[spec.index(name)] = gain
        self._sources = np.arange(len(spec.names))  # which command each actuator gets
        if lies.swapped:
            one, other = spec.indices(lies.swapped)
            self._sources[[one, other]] = other, one
        self._past = DelayLine(np.full(len(spec.names), lies.delay_s), spec.neutral)

    def render(self, position: Array | None = None) -> Image:
        return self._face.render(self._face_map.muscles(self.true_position(position)))

    def true_position(self, position: Array | None = None) -> Array:
        """(C,) where the actuators really are when they should be at `position`, now if None."""
        spec = self.spec
        moved = (self._delayed() if position is None else position) - spec.neutral
        reach = np.where(moved > 0, spec.high - spec.neutral, spec.neutral - spec.low)
        share = moved / np.where(reach > 0, reach, 1.0)
        share = (self._gains * share)[self._sources]
        reach = np.where(share > 0, spec.high - spec.neutral, spec.neutral - spec.low)
        return spec.neutral + share * reach

    def _move(self, now_s: float) -> None:
        super()._move(now_s)
        self._past.push(now_s, self._position)

    def _delayed(self) -> Array:
        if self._now_s is None or self._lies.delay_s == 0:
            return self._position
        return self._past.at(self._now_s)


def random_lies(spec: RobotSpec, rng: np.random.Generator, weak: int = 3) -> Lies:
    """A robot with another identity and skin, weak, inverted, swapped and dead controls.

    The camera is 8 degrees off the axis and 10 % closer than usual.

    Args:
        spec: The robot.
        rng: Random numbers.
        weak: Number of controls of half their gain.
    """
    appearance = random_person(rng)
    usual = Camera()
    angle = rng.uniform(0, 2 * np.pi)
    camera = TurnedCamera(usual.size, 0.9 * usual.view_cm, 0.9 * usual.distance_cm,
                          azimuth_deg=float(8 * np.cos(angle)),
                          elevation_deg=float(8 * np.sin(angle)))
    free = list(rng.permutation(len(spec.names)))
    pairs = mirror_pairs(spec)
    pair = pairs[rng.integers(len(pairs))]
    free = [int(index) for index in free if index not in pair]
    both = [index for index in free if _least_side(spec, index) >= LEAST_SIDE]
    inverted = both[0]
    free.remove(inverted)
    gains: dict[str, Any] = {spec.names[inverted]: -1.0, spec.names[free[0]]: 0.0,
                             **{spec.names[index]: 0.5 for index in free[1:1 + weak]}}
    return Lies(appearance, camera, gains, tuple(spec.names[int(index)] for index in pair))


def _least_side(spec: RobotSpec, index: int) -> float:
    """The shorter way from neutral, as a share of the range."""
    way = min(spec.high[index] - spec.neutral[index], spec.neutral[index] - spec.low[index])
    return float(way / (spec.high[index] - spec.low[index]))
