"""The linear rig that is nearest to what a calibration has learned."""
from __future__ import annotations

import pathlib

import numpy as np

from ros_animate.calibration.corrections import with_rows
from ros_animate.calibration.fidelity import people
from ros_animate.documents import parse_yaml
from ros_animate.errors import UserError
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.files import write_atomically
from ros_animate.plugins import load
from ros_animate.policy.base import Policy
from ros_animate.robot.rig import HEAD_ANGLES
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

RIG = 'rig.yaml'
FACES, PURPOSE = 500, 23  # faces of people that the rig is fitted to, and their random numbers
LONGEST_ROW = 8  # features of a control, so that a person can read the row
RIDGE = 0.1  # sum of squares that a feature must vary by to count
LEAST_SHARE = 0.12  # of what a control does at most, below which a feature is left out
DIGITS = 2
# Beginnings of the features that a part of the face answers to; others follow all blendshapes.
REGIONS: dict[str, tuple[str, ...]] = {
    'brow': ('brow', 'eye'), 'lid': ('eye', 'cheek', 'brow'), 'gaze': ('eyeLook', 'eyeBlink'),
    'mouth': ('mouth', 'jaw', 'cheek', 'nose'), 'nose': ('nose', 'mouth', 'cheek'),
    'head': HEAD_ANGLES}
END_SHARE = 0.005  # of the range
# Estimates of how far controls at an end would go: in the end, and while features are left out.
BEYOND, ROUGHLY = 300, 5
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
    features, drives, ends = _examples(spec, policy)
    rows = {}
    for index, control in enumerate(spec.controls):
        regions = REGIONS.get(control.group, tuple(BLENDSHAPES))
        allowed = np.array([name.startswith(regions) for name in _FEATURES])
        row = _row(features, drives[:, index], ends[:, index], allowed)
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

    Raises:
        UserError: The section `rig` of the file is there and has no `controls`.
    """
    rows = {('rig', name): row for name, row in learned_rig(spec, policy).items()}
    if not spec.rig.get('controls'):
        if 'rig' in parse_yaml(text):
            raise UserError(f'--rig: `rig` of the robot {spec.name} has no `controls`: remove the '
                            'section, or begin `controls` in it')
        text = f'{text.rstrip()}\n\nrig:\n  controls:\n    {spec.names[0]}: {{}}\n'
    write_atomically(path, with_rows(text, rows))


def _examples(spec: RobotSpec, policy: Policy) -> tuple[Array, Array, np.ndarray]:
    """(F, 55) differences of people's faces from neutral, and (F, C) the policy's drives.

    Also (F, C) 1 or -1 where a control is at an end of its range: it would go on if it could.
    """
    features, drives, ends = [], [], []
    margin = END_SHARE * (spec.high - spec.low)
    degrees = np.array([control.unit == 'deg' for control in spec.controls])
    for motion, moved in people(spec, FACES, PURPOSE):
        policy.reset()
        values = policy.act(motion).values[0]
        ends.append((values > spec.high - margin).astype(float) - (values < spec.low + margin))
        way = values - spec.neutral
        reach = np.where(way > 0, spec.high - spec.neutral, spec.neutral - spec.low)
        drives.append(np.where(degrees, way, way / np.where(reach > 0, reach, 1.0)))
        assert motion.rotation is not None
        features.append(np.concatenate([moved, head_angles_deg(motion.rotation)]))
    return np.array(features), np.array(drives), np.array(ends)


def _row(features: Array, drive: Array, ends: Array, allowed: Array) -> dict[str, float]:
    """Weights of the features that explain a drive, at most LONGEST_ROW of them."""
    kept = allowed & (features.std(axis=0) > 0)
    largest = float(np.abs(drive).max())
    if largest < 1e-6:
        return {}
    while kept.any():
        used = features[:, kept]
        weights = _censored_regression(used, drive, ends, ROUGHLY)
        shares = np.abs(weights) * used.std(axis=0) / max(float(drive.std()), 1e-9)
        weakest = int(np.argmin(shares))
        if len(weights) <= LONGEST_ROW and shares[weakest] >= LEAST_SHARE:
            weights = _censored_regression(used, drive, ends, BEYOND)
            return {_FEATURES[at]: round(float(weight), DIGITS)
                    for at, weight in zip(np.flatnonzero(kept), weights)}
        kept[np.flatnonzero(kept)[weakest]] = False
    return {}


def _censored_regression(features: Array, drive: Array, ends: Array, rounds: int) -> Array:
    """Weights for drives of which those at an end say only that they would not be smaller."""
    inverse = np.linalg.solve(features.T @ features + RIDGE * np.eye(features.shape[1]),
                              features.T)
    weights = inverse @ drive
    for _ in range(rounds):
        predicted = features @ weights
        target = np.where(ends > 0, np.maximum(drive, predicted),
                          np.where(ends < 0, np.minimum(drive, predicted), drive))
        weights = inverse @ target
    return weights


def calibrated_policy(spec: RobotSpec, folder: pathlib.Path) -> Policy:
    """The policy that follows the calibration in a folder."""
    return load('policy', 'calibrated', {'weights': str(folder)}, spec)
