"""Lists the topics of a running pipeline with the nodes at both ends, and all image topics."""
from __future__ import annotations

import argparse

from ros_animate.commands.arguments import add_pipeline

HELP = 'list the topics of a running pipeline'
EXAMPLES = """\
examples:
  ros_animate topics
  ros_animate topics --namespace left"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_pipeline(parser)


def run(args: argparse.Namespace) -> int:
    from ros_animate.nodes.pipeline_client import PipelineClient
    with PipelineClient(args.namespace, args.timeout) as client:
        for topic in client.topics():
            print(f'{topic.name}  ({topic.type_name})')
            print(f'    from {", ".join(topic.publishers) or "nobody"}')
            print(f'    to   {", ".join(topic.subscribers) or "nobody"}')
        images = client.image_topics()
    print(f'image topics: {", ".join(images) or "none"}')
    return 0
