"""Specification of a robot: its controls, ranges, limits and groups.

A robot is one YAML file in config/robots (or anywhere): docs/bring_your_own_robot.md. Policy,
smoother, safety layer and hardware plug-in get it as a frozen RobotSpec.
"""
from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.errors import shown
from ros_animate.types import Array

# Groups that have a strength of their own in the policies.
PARTS = ('brow', 'lid', 'gaze', 'head', 'mouth', 'nose')
SI = {'': 1.0, 'deg': math.pi / 180, 'rad': 1.0}


@dataclass(frozen=True)
class Control:
    """One degree of freedom of the face, in the robot's own unit.

    Attributes:
        name: Name that the robot uses.
        joint: Name in ROS messages.
        group: Part of the face, e.g. 'brow'.
        unit: A key of SI: '' (a plain number), 'deg' or 'rad'.
        low, high: Ends of the range.
        neutral: Value of the relaxed face.
        park: Value when the hardware is shut down.
        max_velocity: Units per second, > 0.
        max_acceleration: Units per second squared, > 0.
        jitter: Noise of the targets while a face is still, > 0.
        delay_s: Time from a command to the movement, >= 0.
    """

    name: str
    joint: str
    group: str
    unit: str
    low: float
    high: float
    neutral: float
    park: float
    max_velocity: float
    max_acceleration: float
    jitter: float
    delay_s: float = 0.0


@dataclass(frozen=True)
class CoupledLimit:
    """A limit of one control that depends on others: a piecewise linear map, constant outside.

    Attributes:
        limiting: (control name, weight) pairs; the map's argument is the weighted sum.
        limited: Name of the limited control.
        side: The map is its 'lower' or its 'upper' limit.
        points: (argument, limit) pairs, arguments increasing. Convex for 'lower', concave for
            'upper', so that the allowed poses form a convex set.
    """

    limiting: tuple[tuple[str, float], ...]
    limited: str
    side: Literal['lower', 'upper']
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class RobotSpec:
    """Specification of a robot. Arrays are (N,) in order and units of `controls`, read-only.

    Attributes:
        name: Name of the robot.
        title: One line for people.
        transport: Name of the hardware plug-in that drives it.
        controls: N controls in the robot's index order.
        coupled: Limits between controls.
        rig: Section `rig` of the file, for the policy `blendshape_map`.
        face: Section `face` of the file, for the virtual face.
        options: Section `options` of the file, for the transport.
    """

    name: str
    title: str
    transport: str
    controls: tuple[Control, ...]
    coupled: tuple[CoupledLimit, ...] = ()
    rig: Mapping[str, Any] = field(default_factory=dict)
    face: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """Control names."""
        return tuple(c.name for c in self.controls)

    @functools.cached_property
    def joints(self) -> tuple[str, ...]:
        """Joint names in ROS messages."""
        return tuple(c.joint for c in self.controls)

    @functools.cached_property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Control names by group, in order of first appearance."""
        groups: dict[str, tuple[str, ...]] = {}
        for control in self.controls:
            groups[control.group] = (*groups.get(control.group, ()), control.name)
        return groups

    @functools.cached_property
    def low(self) -> Array:
        """Lower ends of the ranges."""
        return self._array('low')

    @functools.cached_property
    def high(self) -> Array:
        """Upper ends of the ranges."""
        return self._array('high')

    @functools.cached_property
    def neutral(self) -> Array:
        """Pose of the relaxed face."""
        return self._array('neutral')

    @functools.cached_property
    def park(self) -> Array:
        """Pose for shutting down."""
        return self._array('park')

    @functools.cached_property
    def max_velocity(self) -> Array:
        """Velocity limits in units per second."""
        return self._array('max_velocity')

    @functools.cached_property
    def max_acceleration(self) -> Array:
        """Acceleration limits in units per second squared."""
        return self._array('max_acceleration')

    @functools.cached_property
    def jitter(self) -> Array:
        """Noise of the targets while a face is still."""
        return self._array('jitter')

    @functools.cached_property
    def delay_s(self) -> Array:
        """Times from a command to the movement."""
        return self._array('delay_s')

    @functools.cached_property
    def si(self) -> Array:
        """Factors from the robot's units to SI: rad for angles, the number itself otherwise."""
        return _read_only([SI[c.unit] for c in self.controls])

    @functools.cached_property
    def _indices(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def index(self, name: str) -> int:
        """Position of a control; raises ConfigurationError with the choices if there is none."""
        if name not in self._indices:
            raise ConfigurationError(f'robot {self.name!r} has no control {shown(name)}; '
                                     f'{suggest(name, self.names)}')
        return self._indices[name]

    def indices(self, names: Iterable[str]) -> NDArray[np.intp]:
        """Positions of controls; raises ConfigurationError as `index`."""
        return np.array([self.index(name) for name in names], dtype=np.intp)

    def _array(self, attribute: str) -> Array:
        return _read_only([getattr(c, attribute) for c in self.controls])


def _read_only(values: list[float]) -> Array:
    array = np.array(values, dtype=float)
    array.flags.writeable = False
    return array
