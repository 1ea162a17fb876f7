"""Gives every Python of the project's .venv what ROS needs, so that nothing has to be sourced.

scripts/bootstrap.py copies this file into the site-packages folder, where a .pth file imports it
at each start. The dynamic linker reads LD_LIBRARY_PATH when a process starts: if folders are
missing from it, the interpreter replaces itself once by one that has them.
"""
import json
import os
import sys

SETTINGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'ros_animate_environment.json')


def complete(environment: dict[str, str], settings: dict[str, dict[str, object]]) -> dict[str, str]:
    """The variables of `environment` that have to change, with their new values.

    Args:
        environment: The present one.
        settings: `prepend` holds lists of folders by variable, `default` values of variables that
            are only set if they are not.
    """
    changes: dict[str, str] = {}
    for name, folders in settings['prepend'].items():
        present = [p for p in environment.get(name, '').split(os.pathsep) if p]
        missing = [folder for folder in folders if folder not in present]  # type: ignore[attr-defined]
        if missing:
            changes[name] = os.pathsep.join(missing + present)
    for name, value in settings['default'].items():
        if name not in environment:
            changes[name] = str(value)
    return changes


def apply() -> None:
    """Completes this process's environment, in a new process image if the linker needs it."""
    with open(SETTINGS, encoding='utf-8') as file:
        changes = complete(dict(os.environ), json.load(file))
    os.environ.update(changes)
    if 'LD_LIBRARY_PATH' in changes and sys.executable and sys.orig_argv:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
