"""Named poses of a robot, kept in a YAML file of the user."""
from __future__ import annotations

import math
import os
import pathlib
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ros_animate.documents import DocumentError, parse_yaml, read_text
from ros_animate.errors import UserError, shown
from ros_animate.files import naming_write_errors, write_atomically
from ros_animate.robot.spec import RobotSpec

MOST, NAME_LENGTH = 200, 40
Pose = dict[str, float]


class PoseError(UserError):
    """A pose cannot be kept or found, or the file cannot be read."""


class PoseFile:
    """The poses of one robot.

    Args:
        spec: Description of the robot.
        folder: Folder of the files; by default one in $ROS_HOME (~/.ros).

    Attributes:
        path: The file, which may not exist yet.
    """

    def __init__(self, spec: RobotSpec, folder: pathlib.Path | None = None) -> None:
        self._spec = spec
        name = re.sub(r'[^A-Za-z0-9_-]', '_', spec.name)[:100]
        self.path = (folder or default_folder()) / f'{name}.yaml'

    def read(self) -> dict[str, Pose]:
        """The poses by name; raises PoseError if the file is damaged."""
        if not self.path.exists():
            return {}
        try:
            content = parse_yaml(read_text(self.path))
            poses = content['poses']
            return {self._name(name): self._pose(pose) for name, pose in poses.items()}
        except (DocumentError, KeyError, TypeError, AttributeError, PoseError) as error:
            raise PoseError(f'{self.path}: no file of poses: {error}') from error

    def save(self, name: str, pose: Mapping[str, float]) -> None:
        """Keeps a pose under a name, in the place of one that has it; raises UserError."""
        poses = {**self.read(), self._name(name): self._pose(pose)}
        if len(poses) > MOST:
            raise PoseError(f'{self.path}: at most {MOST} poses are kept; delete one')
        self._write(poses)

    def delete(self, name: str) -> None:
        """Forgets a pose; raises UserError."""
        self._write({other: pose for other, pose in self.read().items() if other != name})

    def _write(self, poses: Mapping[str, Pose]) -> None:
        text = yaml.safe_dump({'robot': self._spec.name, 'poses': dict(poses)}, sort_keys=False,
                              allow_unicode=True)
        with naming_write_errors(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, text)

    def _name(self, name: Any) -> str:
        text = ' '.join(str(name).split())
        if not text or len(text) > NAME_LENGTH or not text.isprintable():
            raise PoseError(f'{shown(name)} is no name for a pose: 1 to {NAME_LENGTH} letters')
        return text

    def _pose(self, pose: Mapping[str, Any]) -> Pose:
        """The pose with the controls that the robot has, within their ranges."""
        kept = {}
        for control in self._spec.controls:
            value = pose.get(control.name)
            if isinstance(value, (int, float)) and math.isfinite(value):
                kept[control.name] = float(min(max(value, control.low), control.high))
        if not kept:
            raise PoseError('the pose has no control of this robot')
        return kept


def default_folder() -> pathlib.Path:
    """The folder of the pose files."""
    home = os.environ.get('ROS_HOME') or os.path.expanduser('~/.ros')
    return pathlib.Path(home) / 'ros_animate' / 'poses'
