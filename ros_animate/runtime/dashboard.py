"""The dashboard for programs that start it. Imports neither ROS nor NiceGUI."""
from __future__ import annotations

import importlib.util
import os
import pathlib

from ros_animate.errors import UserError
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.supervisor import Program
from ros_animate.scheduling import BACKGROUND_NICE

NAME, MODULE = 'dashboard', 'ros_animate.dashboard.server'


def require_nicegui() -> None:
    """Raises UserError if NiceGUI, an optional dependency, is not installed."""
    if importlib.util.find_spec('nicegui') is None:
        raise UserError('the dashboard needs NiceGUI: pip install nicegui (or call `make setup`)')


def serve_dashboard(namespace: str, host: str, port: int, folder: pathlib.Path) -> int:
    """Serves the dashboard in this process until a signal; returns the exit status.

    Args:
        namespace: Namespace of the pipeline, '' for none.
        host: Address to listen at.
        port: Port, 0 for the first free one.
        folder: Folder of runs and bags.

    Raises:
        UserError: NiceGUI is missing, or the address is taken.
    """
    require_nicegui()
    # The middleware reads its environment when it is loaded.
    os.environ.update(node_environment())
    from ros_animate.dashboard.server import ServerOptions, serve
    return serve(ServerOptions(namespace, host, port, folder))


def dashboard_program(namespace: str, *, restarts: bool = False) -> Program:
    """The program beside the nodes of a run; the run goes on whatever happens to it.

    Args:
        namespace: Namespace of the pipeline, '' for none.
        restarts: True if a line of JSON on its output ({"policy": "bc_z"}) starts the run anew.
    """
    require_nicegui()
    arguments = ['--namespace', namespace, *(['--restarts'] if restarts else [])]
    return Program(NAME, MODULE, arguments, nice=BACKGROUND_NICE, vital=False)


def rerun_program(namespace: str, file: str) -> Program:
    """The program that writes a run for Rerun, an optional dependency; the run goes on without it.

    Args:
        namespace: Namespace of the pipeline, '' for none.
        file: The file to write, '' to show the run in the viewer.

    Raises:
        UserError: Rerun is not installed.
    """
    if importlib.util.find_spec('rerun') is None:
        raise UserError('--rerun needs Rerun: pip install rerun-sdk')
    return Program('rerun', 'ros_animate.dashboard.rerun_log',
                   ['--namespace', namespace, '--output', file], respawn=False,
                   nice=BACKGROUND_NICE, vital=False)
