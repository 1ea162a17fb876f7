"""Fits control values of the robot to an animated portrait."""
from __future__ import annotations

import numpy as np

from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.face.head_pose import HeadPose, PosedShape
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

ITERATIONS = 5
TOLERANCE = 5e-3  # of a control's range
_POINTS = np.array(FEATURE_POINTS)
_DIFFERENCE = 0.01  # of a control's range, for derivatives
# Standard deviations of the prior: of a landmark from its place on the robot's face, of a control
# from neutral in its range, and of the head's place in the image and the logarithm of its size,
# which depend on the camera and the person, not on the robot.
_LANDMARK_CM, _CONTROL, _SHIFT_CM, _LOG_SIZE = 0.2, 0.3, 0.3, 0.02
_PLACE_WEIGHTS = _LANDMARK_CM / np.array([_SHIFT_CM, _SHIFT_CM, _LOG_SIZE])


class ControlFit:
    """Fits control values to a change of landmarks: least squares with a prior, within limits.

    The virtual face of the robot is moved until its feature points have changed as those of the
    portrait (Gauss-Newton, projected onto the ranges). Head and neck turn the head about two
    points; where the image does not tell them apart, the prior shares the turn between them.

    Args:
        spec: The robot.
        face_map: Muscles of the robot's virtual face.
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
            start: (N,) values at which the search begins.

        Returns:
            (N,) within the ranges.
        """
        goal = self._target_points(PosedShape.of(source), PosedShape.of(target))
        values: Array = np.clip((start - self._spec.low) / self._range, 0.0, 1.0)
        place: Array = np.zeros(3)
        for _ in range(ITERATIONS):
            before = values
            residual, jacobian = self._linearize(goal, values, place)
            state = _solve(residual, jacobian, np.concatenate([values, place]), len(values))
            values, place = np.split(state, [len(values)])
            if np.abs(values - before).max() < TOLERANCE:
                break
        return self._spec.low + values * self._range

    def _target_points(self, source: PosedShape, target: PosedShape) -> Array:
        """(K, 2) cm: the robot's landmarks at rest, moved by the portrait's change."""
        rest = self._rest.pose
        ratio = rest.scale / source.pose.scale
        pose = HeadPose(target.pose.rotation @ source.pose.rotation.T @ rest.rotation,
                        target.pose.scale * ratio, rest.translation
                        + ratio * (target.pose.translation - source.pose.translation))
        return self._cm * pose.project(self._rest.shape + target.shape - source.shape)[_POINTS, :2]

    def _linearize(self, goal: Array, values: Array, place: Array) -> tuple[Array, Array]:
        """Residual (2 K + N + 3,) in cm, and its derivatives by values and place."""
        points = self._image_points(values)
        around = points - points.mean(0)
        across, along = np.zeros((2, *points.shape))
        across[:, 0] = along[:, 1] = 1.0
        moves = np.stack([across.ravel(), along.ravel(), around.ravel()], 1)
        weights = np.r_[np.full(len(values), _LANDMARK_CM / _CONTROL), _PLACE_WEIGHTS]
        residual = np.concatenate([(points - goal).ravel() + moves @ place,
                                   weights * np.r_[values - self._neutral, place]])
        columns = []
        for index, value in enumerate(values):
            other = values.copy()
            other[index] += _DIFFERENCE if value < 0.5 else -_DIFFERENCE
            columns.append((self._image_points(other) - points).ravel() / (other[index] - value))
        derivatives = np.column_stack([*columns, moves])
        return residual, np.concatenate([derivatives, np.diag(weights)])

    def _image_points(self, values: Array) -> Array:
        """(K, 2) cm: feature points in the image for control values in [0, 1]."""
        return self._cm * self._landmarks(self._spec.low + values * self._range)[_POINTS, :2]

    def _landmarks(self, position: Array) -> Array:
        return self._face.landmarks(self._face_map.muscles(position))


def _solve(residual: Array, jacobian: Array, state: Array, count: int) -> Array:
    """State of the least linearized residual, whose first `count` numbers stay in [0, 1].

    Numbers that would leave their range are fixed at its end, and the others are solved for again.
    """
    low, high = np.full((2, len(state)), [[-np.inf], [np.inf]])
    low[:count], high[:count] = 0.0, 1.0
    free, moved = np.ones(len(state), bool), state.copy()
    while True:
        reached = moved.copy()
        held = residual + jacobian @ (moved - state)
        reached[free] -= np.linalg.lstsq(jacobian[:, free], held, rcond=None)[0]
        beyond = (reached < low) | (reached > high)
        if not beyond.any():
            return reached
        moved[beyond] = np.clip(reached, low, high)[beyond]
        free &= ~beyond
