"""An emergency stop that outlives the process: it is in force as long as its file exists."""
from __future__ import annotations

import pathlib

from ros_animate.configuration import ConfigurationError


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
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self.latched = self._path.exists()
            except OSError as error:
                raise ConfigurationError(f'emergency stop file {self._path}: {error.strerror}'
                                         ) from error

    def latch(self) -> None:
        """Begins the stop, in this process even if the file cannot be written (OSError)."""
        self.latched = True
        if self._path is not None:
            self._path.touch()

    def release(self) -> None:
        """Ends the stop; it stays in force if the file cannot be removed (OSError)."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self.latched = False
