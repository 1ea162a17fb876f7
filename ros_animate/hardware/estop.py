"""An emergency stop that outlives the process: it is in force as long as its file exists."""
from __future__ import annotations

import os
import pathlib

from ros_animate.configuration import ConfigurationError
from ros_animate.hardware.state_file import make_state_folder, open_state_file


def estop_path(node: str, robot: str) -> str:
    """Path of the file by which a node and a robot keep their stop, in $ROS_HOME (~/.ros).

    Args:
        node: Name of the node with its namespaces, separated by dots.
        robot: Name of the robot and of its hardware plug-in, separated by a dot.
    """
    home = os.environ.get('ROS_HOME') or os.path.expanduser('~/.ros')
    return os.path.join(home, 'ros_animate', f'{node}.{robot}.estop')


class EmergencyStop:
    """The latch of an emergency stop.

    Args:
        path: The file; '' for a latch in memory only.

    Attributes:
        latched: True while the emergency stop is in force.

    Raises:
        ConfigurationError: The file's folder cannot be used.
    """

    def __init__(self, path: str = '') -> None:
        self._path = pathlib.Path(path).expanduser() if path else None
        self.latched = False
        if self._path is not None:
            try:
                make_state_folder(self._path.parent)
                # Whatever bears the name stops the robot, be it a link that leads nowhere.
                self.latched = os.path.lexists(self._path)
            except (OSError, ValueError) as error:
                raise ConfigurationError(f'emergency stop file {self._path}: '
                                         f'{getattr(error, "strerror", error)}') from error

    def latch(self) -> None:
        """Begins the stop, in this process even if the file cannot be written (OSError)."""
        self.latched = True
        if self._path is not None and not os.path.lexists(self._path):
            os.close(open_state_file(self._path))

    def release(self) -> None:
        """Ends the stop; it stays in force if the file cannot be removed (OSError)."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self.latched = False
