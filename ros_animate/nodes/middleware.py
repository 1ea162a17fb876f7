"""Environment variables that the ROS middleware reads when it starts; imports no ROS."""
from __future__ import annotations

import os

from ros_animate.configuration import resource

PROFILES = 'FASTRTPS_DEFAULT_PROFILES_FILE'


def middleware_defaults() -> dict[str, str]:
    """Values of the variables that the user may have left unset.

    Images are larger than the shared-memory segments that Fast DDS makes by default, and a service
    or a cron job may have no HOME, where ROS writes its logs.
    """
    return {PROFILES: str(resource('config', 'fastdds_shm.xml')), 'HOME': os.path.expanduser('~')}


def set_middleware_defaults() -> None:
    """Completes the environment of this process, before its first ROS context."""
    for name, value in middleware_defaults().items():
        os.environ.setdefault(name, value)
