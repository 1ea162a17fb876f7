"""Which control values make the robot look as an animated portrait does."""
from __future__ import annotations

import numpy as np

from ros_animate.face_mesh import FEATURE_POINTS
from ros_animate.hardware.spec import RobotSpec
from ros_animate.hardware.virtual_face import Camera, VirtualFace
from ros_animate.hardware.virtual_face.controls import FaceMap
from ros_animate.motion.head_pose import HeadPose, PosedShape
from ros_animate.types import Array

ROUNDS = 5
SETTLED = 5e-3  # of a control's range
_POINTS = np.array(FEATURE_POINTS)
_DIFFERENCE = 0.01  # of a control's range, for derivatives
# Standard deviations: of a landmark from where a robot's face can put it, of a control from neutral
# in its ranges, of the head's place in the picture and of the logarithm of its size, which are the
# camera's and the person's and not the robot's.
_MISFIT_CM, _MOVED, _SHIFT_CM, _NEARER = 0.2, 0.3, 0.3, 0.02
_PLACE_WEIGHTS = _MISFIT_CM / np.array([_SHIFT_CM, _SHIFT_CM, _NEARER])


class ControlFit:
    """Fits control values to a change of landmarks: least squares with a prior, within limits.

    The virtual face of the robot is moved until its feature points have changed as a portrait's
    have (Gauss-Newton, projected onto the ranges). Head and neck turn the head about two points;
    where the picture does not tell them apart, the prior shares the turn between them.

    Args:
        spec: The robot.
        face_map: Of the robot.
    """

    def __init__(self, spec: RobotSpec, face_map: FaceMap) -> None:
        self._spec, self._face_map = spec, face_map
        camera = Camera()
        self._cm = camera.view_cm / camera.size[1]
        self._face = VirtualFace(face_map.appearance, camera)
        self._rest = PosedShape.of(self._landmarks(spec.neutral))
        self._range = spec.high - spec.low
        self._neutral = (spec.neutral - spec.low) / self._range

    def __call__(self, source: Array, target: Array, start: Array) -> Array:
        """The control values.

        Args:
            source: (478, 3) landmarks of the portrait at rest, as in `Motion.landmarks`.
            target: (478, 3) landmarks of the animated portrait.
            start: (N,) where the search begins.

        Returns:
            (N,) within the ranges.
        """
        wanted = self._wanted(PosedShape.of(source), PosedShape.of(target))
        values = np.clip((start - self._spec.low) / self._range, 0.0, 1.0)
        place = np.zeros(3)
        for _ in range(ROUNDS):
            before = values
            values, place = self._improved(wanted, values, place)
            if np.abs(values - before).max() < SETTLED:
                break
        return self._spec.low + values * self._range

    def _wanted(self, source: PosedShape, target: PosedShape) -> Array:
        """(K, 2) cm: the robot's own landmarks at rest, with the portrait's change."""
        rest = self._rest.pose
        ratio = rest.scale / source.pose.scale
        pose = HeadPose(target.pose.rotation @ source.pose.rotation.T @ rest.rotation,
                        target.pose.scale * ratio, rest.translation
                        + ratio * (target.pose.translation - source.pose.translation))
        return self._cm * pose.project(self._rest.shape + target.shape - source.shape)[_POINTS, :2]

    def _improved(self, wanted: Array, values: Array, place: Array) -> tuple[Array, Array]:
        """One step of Gauss-Newton; what would leave its range stays at the end of it."""
        shown = self._shown(values)
        centre = shown.mean(0)
        placed = shown + place[:2] + place[2] * (shown - centre)
        residual = np.concatenate([
            (placed - wanted).ravel(), _MISFIT_CM / _MOVED * (values - self._neutral),
            _PLACE_WEIGHTS * place])
        jacobian = self._jacobian(values, shown, centre)
        state, count = np.concatenate([values, place]), len(values)
        low, high = np.r_[np.zeros(count), np.full(3, -np.inf)], np.r_[np.ones(count),
                                                                       np.full(3, np.inf)]
        free = np.ones(len(state), bool)
        moved = state
        for _ in range(count):
            step = np.zeros(len(state))
            fixed = residual + jacobian @ (moved - state)
            step[free] = np.linalg.lstsq(jacobian[:, free], -fixed, rcond=None)[0]
            reached = moved + step
            beyond = free & ((reached < low) | (reached > high))
            moved = np.where(beyond, np.clip(reached, low, high), moved)
            if not beyond.any():
                moved = reached
                break
            free &= ~beyond
        return moved[:count], moved[count:]

    def _jacobian(self, values: Array, shown: Array, centre: Array) -> Array:
        """(2 K + N + 3, N + 3) derivatives of the residual by values and place."""
        count = len(values)
        columns = []
        for index in range(count):
            sign = 1.0 if values[index] < 0.5 else -1.0
            other = values.copy()
            other[index] += sign * _DIFFERENCE
            columns.append((self._shown(other) - shown).ravel() * sign / _DIFFERENCE)
        along = np.zeros((2, *shown.shape))
        along[0, :, 0] = along[1, :, 1] = 1.0
        columns += [along[0].ravel(), along[1].ravel(), (shown - centre).ravel()]
        weights = np.r_[np.full(count, _MISFIT_CM / _MOVED), _PLACE_WEIGHTS]
        return np.concatenate([np.stack(columns, 1), np.diag(weights)])

    def _shown(self, values: Array) -> Array:
        """(K, 2) cm in the picture."""
        return self._cm * self._landmarks(self._spec.low + values * self._range)[_POINTS, :2]

    def _landmarks(self, position: Array) -> Array:
        return self._face.landmarks(self._face_map.muscles(position))
