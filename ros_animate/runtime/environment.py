"""Environment variables of the node processes; imports no ROS."""
from __future__ import annotations

import os
from collections.abc import Mapping

from ros_animate.nodes.middleware import check_environment, middleware_defaults


def node_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of node processes; variables that are set keep their values.

    One thread for each numerical library: the nodes themselves are what runs in parallel.

    Raises:
        UserError: A variable has a value that the middleware refuses.
    """
    given = dict(os.environ if environment is None else environment)
    check_environment(given)
    # An empty part means the working directory, whose files would hide modules of Python.
    if parts := [part for part in given.pop('PYTHONPATH', '').split(os.pathsep) if part]:
        given['PYTHONPATH'] = os.pathsep.join(parts)
    defaults = {**middleware_defaults(given), 'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1',
                'PYTHONUNBUFFERED': '1'}
    return {**defaults, **given}
