"""Replay of a bag for the command line."""
from __future__ import annotations

import os
import pathlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ros_animate.outputs.progress import Progress, write_line
from ros_animate.runtime.dashboard import dashboard_program
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from ros_animate.nodes.replay_node import ReplayNode

POLL_S = 0.05


def replay(bag: pathlib.Path, *, rate: float = 1.0, topics: Sequence[str] = (),
           loop: bool = False, restamp: bool = False, quiet: bool = False,
           dashboard: bool = False) -> int:
    """Publishes the messages of a bag in this process; returns the exit status.

    Args:
        bag: Folder of the bag.
        rate: Speed, 1 as recorded.
        topics: Topics to publish, without namespace; all if empty.
        loop: True to start over at the end.
        restamp: True to give headers the present time.
        quiet: True for no progress.
        dashboard: True to show the topics in the browser.
    """
    # The middleware reads its environment when it is loaded.
    os.environ.update(node_environment())
    from rclpy.parameter import Parameter

    from ros_animate.nodes.bags import BagReader
    from ros_animate.nodes.replay_node import ReplayNode
    from ros_animate.nodes.running import Runner
    values: dict[str, Any] = {'bag': str(bag), 'rate': rate, 'loop': loop, 'restamp': restamp}
    if topics:
        values['topics'] = list(topics)
    overrides = [Parameter(name, value=value) for name, value in values.items()]

    def make_node() -> ReplayNode:
        for topic in topics:  # each has to be there
            with BagReader(bag, [topic]):
                pass
        node = ReplayNode(parameter_overrides=overrides)
        threading.Thread(target=_show_progress, args=(node, loop, quiet), daemon=True).start()
        return node

    programs = [dashboard_program('')] if dashboard else []
    with Supervisor(programs, os.environ, on_output=lambda name, line: write_line(line),
                    on_note=write_line):
        return Runner().run([make_node], arguments=[])


def _show_progress(node: ReplayNode, loop: bool, quiet: bool) -> None:
    with Progress('replaying', None if loop else node.count, 'message', quiet=quiet) as progress:
        while not node.ended.wait(POLL_S):
            progress.set(node.sent)
        progress.set(node.sent)
