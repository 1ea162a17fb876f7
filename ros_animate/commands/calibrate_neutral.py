"""Takes the face that the camera sees now as the person's neutral face.

Ask the person to relax and to look in the direction that is ahead for the robot. Expression and
head pose become neutral, for the policy and for the animated portrait of a running pipeline.
"""
from __future__ import annotations

import argparse

from ros_animate.commands.arguments import add_pipeline, trigger_services

HELP = "take the person's present face as neutral in a running pipeline"
EXAMPLES = """\
examples:
  ros_animate calibrate-neutral
  ros_animate calibrate-neutral --namespace left"""
SERVICES = ('policy/calibrate_neutral', 'animation/calibrate_neutral')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pipeline(parser)


def run(args: argparse.Namespace) -> int:
    return trigger_services(args, SERVICES)
