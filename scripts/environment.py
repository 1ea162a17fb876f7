"""Gives every Python of the project's .venv what ROS needs, so that nothing has to be sourced.

scripts/bootstrap.py copies this file into the site-packages folder, where a .pth file runs it at
each start. The dynamic linker and Python read their search paths when a process starts: if one of
those has to change, the interpreter replaces itself once by one that has them.
"""
from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

SETTINGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'ros_animate_environment.json')
READ_AT_START = ('LD_LIBRARY_PATH', 'PYTHONPATH')


def changes(environment: Mapping[str, str], prepend: Mapping[str, list[str]],
            default: Mapping[str, str]) -> dict[str, str]:
    """The variables of `environment` that have to change, with their new values.

    Args:
        environment: The present one.
        prepend: Folders by variable; those that it does not hold yet come first.
        default: Values of variables that are only set if they are not.
    """
    changed = {name: value for name, value in default.items() if name not in environment}
    for name, folders in prepend.items():
        present = [folder for folder in environment.get(name, '').split(os.pathsep) if folder]
        missing = [folder for folder in folders if folder not in present]
        if missing:
            changed[name] = os.pathsep.join(missing + present)
    return changed


def apply() -> None:
    """Completes the environment, in a new image of this process if it comes too late for this."""
    with open(SETTINGS, encoding='utf-8') as file:
        changed = changes(os.environ, **json.load(file))
    # A service or a cron job may have no HOME, where ROS writes its logs.
    changed.setdefault('HOME', os.path.expanduser('~'))
    os.environ.update(changed)
    if any(name in changed for name in READ_AT_START):
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
