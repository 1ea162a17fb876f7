"""The linear rig that is nearest to what a calibration has learned."""
from __future__ import annotations

import pathlib

import numpy as np

from ros_animate.calibration.corrections import with_rows
from ros_animate.collection.expressions import random_expression, random_head_deg
from ros_animate.collection.pairs import random_stream
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import rotation_of
from ros_animate.files import write_atomically
from ros_animate.plugins import load
from ros_animate.policy.base import Policy
from ros_animate.robot.rig import HEAD_ANGLES
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Motion

RIG = 'rig.yaml'
FACES, PURPOSE = 600, 23  # faces of people that the rig is fitted to, and their random numbers
LONGEST_ROW = 8  # features of a control, so that a person can read the row
RIDGE = 1.0  # sum of squares that a feature must vary by to count
LEAST_SHARE = 0.05  # of what a control does at most, below which a feature is left out
DIGITS = 2
APART_S = 1.0  # between two faces: none goes on from the other
_FEATURES = (*BLENDSHAPES, *HEAD_ANGLES)


def learned_rig(spec: RobotSpec, policy: Policy) -> dict[str, dict[str, float]]:
    """Rows of the linear rig that answers to people's faces most as a policy does.

    Args:
        spec: The robot.
        policy: A policy that observes motion.

    Returns:
        Weights of blendshapes and head angles by control, as in the section `rig` of a robot file.
        Controls that the policy leaves at neutral have no row.
    """
    features, drives = _examples(spec, policy)
    rows = {}
    for index, control in enumerate(spec.controls):
        is_head = control.group == 'head'
        allowed = np.array([(name in HEAD_ANGLES) == is_head for name in _FEATURES])
        row = _row(features, drives[:, index], allowed)
        if row:
            rows[control.name] = row
    return rows


def write_rig(spec: RobotSpec, text: str, policy: Policy, path: pathlib.Path) -> None:
    """Writes a robot file with the learned rig; controls without a learned row keep theirs.

    Args:
        spec: The robot.
        text: Its file.
        policy: The policy that the rig shall resemble.
        path: The new file.
    """
    rows = {('rig', name): row for name, row in learned_rig(spec, policy).items()}
    write_atomically(path, with_rows(text, rows))


def _examples(spec: RobotSpec, policy: Policy) -> tuple[Array, Array]:
    """(F, 55) differences of people's faces from neutral, and (F, C) the policy's drives."""
    relaxed = dict(spec.rig.get('baseline', {}))
    features, drives = [], []
    degrees = np.array([control.unit == 'deg' for control in spec.controls])
    for number in range(FACES):
        rng = random_stream(0, PURPOSE, number)
        shapes, head_deg = random_expression(rng), random_head_deg(rng)
        expression = {name: float(np.clip(shapes.get(name, 0.0) + relaxed.get(name, 0.0), 0, 1))
                      for name in BLENDSHAPES}
        policy.reset()
        chunk = policy.act(Motion('mediapipe', number * APART_S, expression=expression,
                                  rotation=rotation_of(head_deg)))
        moved = chunk.values[0] - spec.neutral
        reach = np.where(moved > 0, spec.high - spec.neutral, spec.neutral - spec.low)
        drives.append(np.where(degrees, moved, moved / np.where(reach > 0, reach, 1.0)))
        features.append([*(expression[name] - relaxed.get(name, 0.0) for name in BLENDSHAPES),
                         *head_deg])
    return np.array(features), np.array(drives)


def _row(features: Array, drive: Array, allowed: Array) -> dict[str, float]:
    """Weights of the features that explain a drive, at most LONGEST_ROW of them."""
    kept = allowed & (features.std(axis=0) > 0)
    largest = float(np.abs(drive).max())
    if largest < 1e-6:
        return {}
    while kept.any():
        used = features[:, kept]
        weights = np.linalg.solve(used.T @ used + RIDGE * np.eye(used.shape[1]), used.T @ drive)
        shares = np.abs(weights) * used.std(axis=0) / max(float(drive.std()), 1e-9)
        weakest = int(np.argmin(shares))
        if len(weights) <= LONGEST_ROW and shares[weakest] >= LEAST_SHARE:
            return {_FEATURES[at]: round(float(weight), DIGITS)
                    for at, weight in zip(np.flatnonzero(kept), weights)}
        kept[np.flatnonzero(kept)[weakest]] = False
    return {}


def calibrated_policy(spec: RobotSpec, folder: pathlib.Path) -> Policy:
    """The policy that follows the calibration in a folder."""
    return load('policy', 'calibrated', {'weights': str(folder)}, spec)
