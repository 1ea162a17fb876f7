"""Environment variables of the node processes; imports no ROS."""
from __future__ import annotations

import os
from collections.abc import Mapping

from ros_animate.nodes.middleware import middleware_defaults


def node_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of node processes; variables that are set keep their values.

    One thread for each numerical library: the nodes themselves are what runs in parallel.
    """
    defaults = {**middleware_defaults(), 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1',
                'PYTHONUNBUFFERED': '1'}
    return {**defaults, **(os.environ if environment is None else environment)}
