"""Calibrations of robots on this machine: folders with a forward model, by the robot's name."""
from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Iterator

from ros_animate.checkpoints.places import VARIABLE, user_folder
from ros_animate.configuration import resource
from ros_animate.policy.forward_model import (
    CONFIG,
    ForwardModel,
    ForwardModelError,
    load_forward_model,
)
from ros_animate.robot.spec import RobotSpec

FOLDER = 'calibrated'  # among the weights, with one folder for each robot


def find_calibration(spec: RobotSpec, folder: str = '') -> ForwardModel | None:
    """A robot's forward model, with the controls in the robot's order; None if it has none.

    Args:
        spec: The robot.
        folder: Folder of the calibration. Empty: that of the robot's name in
            ROS_ANIMATE_WEIGHTS/calibrated, the user's cache and the package; there the calibration
            of a virtual robot is not used for a real one.

    Raises:
        ForwardModelError: The folder holds no forward model, or that of another robot.
    """
    if folder:
        path = pathlib.Path(folder).expanduser()
        if not path.is_dir():
            raise ForwardModelError(f'there is no calibration in {path}')
        return load_forward_model(path).in_order_of(spec)
    for path in _candidates(spec.name):
        model = load_forward_model(path)
        if model.config.transport == spec.transport and set(model.config.names) == set(spec.names):
            return model.in_order_of(spec)
    return None


def _candidates(robot: str) -> Iterator[pathlib.Path]:
    """Existing folders of a robot of this name."""
    variable = os.environ.get(VARIABLE)
    roots = [pathlib.Path(variable).expanduser()] if variable else []
    roots.append(user_folder())
    with contextlib.suppress(FileNotFoundError):
        roots.append(resource('weights'))
    for root in roots:
        path = root / FOLDER / robot
        if (path / CONFIG).is_file():
            yield path
