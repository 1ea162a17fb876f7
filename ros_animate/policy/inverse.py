"""Inverse of a forward model: the control values whose predicted face is nearest to a person's."""
from __future__ import annotations

import numpy as np

from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.policy.forward_model import ANGLE_UNIT_DEG, OUTPUTS, ForwardModel
from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.sides import mirror_pairs, sideways_controls
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

# Blendshapes that are compared: those that the Face Landmarker reports reliably.
_COMPARED = ('brow', 'eye', 'jawOpen', 'jawLeft', 'jawRight', 'mouth', 'nose')
_GAZE = 'eyeLook'
_LONGEST_STEP = 0.5  # of half a range, in one iteration


class FaceInverse:
    """Gauss-Newton steps towards the nearest face, with the rig's solution as prior.

    It minimises, over the poses u within ranges and coupled limits,

        sum_k w_k (target_k - predicted_k(u))^2 + sum_i p_i d_i^2 + q sum_(l, r) (d_l - d_r)^2

    where d_i = (u_i - prior_i) / h_i is the distance from the prior in halves h_i of the range, and
    l and r are the left and the right control of a pair: a face is as crooked as the rig makes it,
    and a mouth is not twisted because that explains a blendshape a little better.

    The head's controls answer for the head's angles alone, the gaze's for the blendshapes of the
    gaze alone, all others for all blendshapes: else a head would nod in order to raise a brow.

    Args:
        model: Forward model with the robot's controls in the robot's order.
        spec: The robot.
        prior: (N,) weights p of the prior.
        crooked: (N,) weights q of the difference of the sides.
    """

    def __init__(self, model: ForwardModel, spec: RobotSpec, prior: Array,
                 crooked: Array) -> None:
        self._model = model
        self._low, self._high = spec.low, spec.high
        self._half = (spec.high - spec.low) / 2
        self._prior = _prior_matrix(spec, prior, crooked)
        self._allowed = CoupledSet(spec, spec.low, spec.high)
        self._weights = np.array([float(name.startswith(_COMPARED)) for name in BLENDSHAPES]
                                 + [1.0 / ANGLE_UNIT_DEG ** 2] * (len(OUTPUTS) - len(BLENDSHAPES)))
        self._answers = _answers(spec)

    def solve(self, target: Array, prior: Array, start: Array, iterations: int) -> Array:
        """(N,) the nearest pose that was found.

        Args:
            target: (55,) blendshapes and head angles in degrees, as OUTPUTS.
            prior: (N,) the pose to keep near to.
            start: (N,) the pose to begin with, e.g. that of the last frame.
            iterations: Number of steps.
        """
        pose = np.clip(start, self._low, self._high)
        for _ in range(iterations):
            predicted, slope = self._model.linearised(pose)
            slope = slope * self._half * self._answers
            weighted = slope * self._weights[:, np.newaxis]
            gradient = (weighted.T @ (target - predicted)
                        + self._prior @ ((prior - pose) / self._half))
            step = np.linalg.solve(weighted.T @ slope + self._prior, gradient)
            pose = np.clip(pose + self._half * np.clip(step, -_LONGEST_STEP, _LONGEST_STEP),
                           self._low, self._high)
        self._allowed.project(pose)
        return pose


def _prior_matrix(spec: RobotSpec, weights: Array, crooked: Array) -> Array:
    """(N, N) the quadratic form of the prior in halves of the ranges."""
    matrix = np.diag(weights)
    for left, right in mirror_pairs(spec):
        matrix[[left, right], [left, right]] += crooked[left]
        matrix[[left, right], [right, left]] -= crooked[left]
    sideways = sideways_controls(spec)
    matrix[sideways, sideways] += crooked[sideways]
    return matrix


def _answers(spec: RobotSpec) -> Array:
    """(55, N) 1 where a control answers for an output, else 0."""
    is_angle = np.array([name not in BLENDSHAPES for name in OUTPUTS])
    is_gaze = np.array([name.startswith(_GAZE) for name in OUTPUTS])
    rows = {'head': is_angle, 'gaze': is_gaze}
    return np.column_stack([rows.get(control.group, ~is_angle) for control in spec.controls]
                           ).astype(float)
