"""Shows the state of a running pipeline: one line for each of its nodes.

The exit status is 1 if a node reports an error.
"""
from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ros_animate.commands.arguments import add_pipeline
from ros_animate.errors import ExitStatus

if TYPE_CHECKING:
    from ros_animate.nodes.pipeline_client import NodeStatus

HELP = 'show the state of the nodes of a running pipeline'
EXAMPLES = """\
examples:
  ros_animate status
  ros_animate status --namespace left --timeout 10"""
# (key in the diagnostics, heading)
FIGURES = (('published_hz', 'messages/s'), ('step_ms_p50', 'step ms'), ('age_ms_p50', 'age ms'))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pipeline(parser)


def run(args: argparse.Namespace) -> int:
    from ros_animate.nodes.pipeline_client import PipelineClient
    with PipelineClient(args.namespace, args.timeout) as client:
        statuses = client.statuses()
    print(table(statuses))
    failed = any(status.level == 'ERROR' for status in statuses)
    return ExitStatus.FAILURE if failed else ExitStatus.OK


def table(statuses: list[NodeStatus]) -> str:
    """A line for each node, with its level, figures and message."""
    width = max(len(status.name) for status in statuses)
    lines = [f'{"node":<{width}}  {"level":<5}' + ''.join(
        f'{heading:>12}' for _, heading in FIGURES) + '  message']
    for status in statuses:
        figures = ''.join(f'{status.values.get(key, "-"):>12}' for key, _ in FIGURES)
        lines.append(f'{status.name:<{width}}  {status.level:<5}{figures}  {status.message}')
    return '\n'.join(lines)
