"""The environment of the nodes' processes; imports no ROS."""
from __future__ import annotations

import os
from collections.abc import Mapping

from ros_animate.configuration import resource

PROFILES = 'FASTRTPS_DEFAULT_PROFILES_FILE'


def node_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What node processes need: the shared-memory profile, unless the user has one of their own.

    One thread for each numerical library: the nodes themselves are what runs in parallel.
    """
    wanted = {PROFILES: str(resource('config', 'fastdds_shm.xml')),
              'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1',
              'PYTHONUNBUFFERED': '1'}
    return {**wanted, **(os.environ if environment is None else environment)}
