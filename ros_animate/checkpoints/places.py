"""Places of weights on a machine."""
from __future__ import annotations

import os
import pathlib

VARIABLE = 'ROS_ANIMATE_WEIGHTS'


def user_folder() -> pathlib.Path:
    """The folder of a user's weights, with one folder per family."""
    cache = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    return pathlib.Path(cache).expanduser() / 'ros_animate' / 'weights'
