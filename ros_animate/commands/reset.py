"""Ends the emergency stop of a running pipeline; the robot moves with the next command."""
from __future__ import annotations

import argparse

from ros_animate.commands.arguments import add_pipeline

HELP = 'end the emergency stop of a running pipeline'
EXAMPLES = """\
examples:
  ros_animate reset
  ros_animate reset --namespace left"""
SERVICES = ('hardware/reset_estop',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pipeline(parser)


def run(args: argparse.Namespace) -> int:
    from ros_animate.nodes.pipeline_client import PipelineClient
    with PipelineClient(args.namespace, args.timeout) as client:
        for line in client.trigger(SERVICES):
            print(line)
    return 0
