"""Observations of a robot's face: the poses that it took, and the faces that a tracker reported."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.arrays import read_arrays
from ros_animate.documents import DocumentError
from ros_animate.errors import UserError, shortened
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.files import atomic_file
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Motion

ANGLES = 3  # yaw, pitch and roll, as in `head_angles_deg`
_ARRAYS = ('names', 'blendshapes', 'controls', 'expression', 'angles_deg')


class ObservationsError(UserError):
    """Observations that cannot be read or used; the message names the file and the reason."""


@dataclass(frozen=True)
class Observations:
    """Poses of one robot, each with the tracked face that it showed at rest in that pose.

    Attributes:
        names: (C,) names of the controls.
        controls: (N, C) poses as they were sent, in the robot's units.
        expression: (N, 52) blendshapes in the order of BLENDSHAPES.
        angles_deg: (N, 3) yaw, pitch and roll of the head as in `head_angles_deg`.
    """

    names: tuple[str, ...]
    controls: Array
    expression: Array
    angles_deg: Array

    def __post_init__(self) -> None:
        count = len(self.controls)
        for name, columns in (('controls', len(self.names)), ('expression', len(BLENDSHAPES)),
                              ('angles_deg', ANGLES)):
            shape = np.shape(getattr(self, name))
            if shape != (count, columns):
                raise ValueError(f'{name}: expected {count} rows of {columns} numbers, got an '
                                 f'array of shape {shape}')
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f'{name}: NaN or infinity')

    def __len__(self) -> int:
        return len(self.controls)

    @classmethod
    def empty(cls, names: Sequence[str]) -> Observations:
        """No observations yet."""
        return cls(tuple(names), np.empty((0, len(names))), np.empty((0, len(BLENDSHAPES))),
                   np.empty((0, ANGLES)))

    def with_face(self, pose: Array, motion: Motion) -> Observations:
        """These observations and one more.

        Args:
            pose: (C,) pose in the robot's units.
            motion: The tracked face; a missing rotation counts as a head that looks ahead.
        """
        angles = np.zeros(ANGLES) if motion.rotation is None else head_angles_deg(motion.rotation)
        shapes = [motion.expression.get(name, 0.0) for name in BLENDSHAPES]
        return self.with_rows(Observations(self.names, np.array([pose]), np.array([shapes]),
                                           np.array([angles])))

    def with_rows(self, other: Observations) -> Observations:
        """These observations and those of `other`, which must have the same controls."""
        if other.names != self.names:
            raise ValueError('observations of different controls cannot be joined')
        return Observations(self.names, np.concatenate([self.controls, other.controls]),
                            np.concatenate([self.expression, other.expression]),
                            np.concatenate([self.angles_deg, other.angles_deg]))

    def rows(self, index: slice | np.ndarray) -> Observations:
        """Some of the observations."""
        return Observations(self.names, self.controls[index], self.expression[index],
                            self.angles_deg[index])

    def in_order_of(self, spec: RobotSpec) -> Observations:
        """These observations with the controls in a robot's order.

        Raises:
            ObservationsError: The robot has other controls.
        """
        differing = sorted(set(self.names) ^ set(spec.names))
        if differing:
            raise ObservationsError(f'the observations are of another robot than {spec.name}: '
                                    f'only one of them has {shortened(differing, separator=", ")}')
        columns = [self.names.index(name) for name in spec.names]
        return Observations(spec.names, self.controls[:, columns], self.expression,
                            self.angles_deg)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes a .npz file atomically; raises WriteError."""
        with atomic_file(path, 'wb') as file:
            np.savez(file, names=np.array(self.names), blendshapes=np.array(BLENDSHAPES),
                     controls=self.controls, expression=self.expression.astype(np.float32),
                     angles_deg=self.angles_deg.astype(np.float32))


def read_observations(path: str | os.PathLike[str]) -> Observations:
    """The observations of a file that `Observations.write` wrote.

    Raises:
        ObservationsError: There is no such file, it is damaged, or it holds something else.
    """
    try:
        arrays = read_arrays(path, _ARRAYS)
        if tuple(map(str, arrays['blendshapes'])) != BLENDSHAPES:
            raise DocumentError('other blendshapes than those of the Face Landmarker')
        numbers = [np.asarray(arrays[name], float) for name in _ARRAYS[2:]]
        return Observations(tuple(map(str, np.atleast_1d(arrays['names']))), *numbers)
    except (DocumentError, ValueError, TypeError) as error:
        raise ObservationsError(f'cannot read the observations {os.fspath(path)}: {error}'
                                ) from error
