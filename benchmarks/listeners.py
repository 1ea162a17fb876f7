#!/usr/bin/env python3
"""Benchmark of what subscribers cost: latency and CPU of the live pipeline with and without them.

    .venv/bin/python benchmarks/listeners.py [--source face.mp4] [--frames 300] [--repeats 3]

The conditions take turns, so that a load from outside meets each of them. CPU is the time of all
processes of the run for a frame; the latency is from the camera's stamp to the command.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.node import Node

from ros_animate.nodes.qos import buffered
from ros_animate.nodes.spinner import Spinner
from ros_animate.nodes.topics import TOPICS
from ros_animate.outputs.machine import machine
from ros_animate.runtime.environment import node_environment

DOMAIN = 97
COMPRESSED = ('animated/image_raw/compressed', 'robot/image_raw/compressed')
# name: topics that somebody subscribes to
CONDITIONS = {'nobody': (), 'animated/image_raw': ('animated/image_raw',),
              'both raw images': ('animated/image_raw', 'robot/image_raw'),
              'both compressed': COMPRESSED,
              'three compressed': ('image_raw/compressed', *COMPRESSED)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--source', default='demo')
    parser.add_argument('--frames', type=int, default=300, help='frames of each run')
    parser.add_argument('--repeats', type=int, default=3)
    args = parser.parse_args()
    os.environ.update({'ROS_DOMAIN_ID': str(DOMAIN), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'})
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in CONDITIONS}
    for _ in range(args.repeats):
        for name, topics in CONDITIONS.items():
            figures[name].append(measure(args.source, args.frames, topics))
    print(f'{machine()}; load {os.getloadavg()[0]:.1f}\n\n{"subscribed":22}{"p50":>7}{"p95":>7}'
          f'{"CPU":>7} ms{"frames/s":>10}{"received":>10}')
    for name, runs in figures.items():
        middle = {key: float(np.median([run[key] for run in runs])) for key in runs[0]}
        print(f'{name:22}{middle["p50"]:7.1f}{middle["p95"]:7.1f}{middle["cpu_ms"]:7.1f}   '
              f'{middle["fps"]:10.1f}{middle["received"]:10.0f}')


def measure(source: str, frames: int, topics: tuple[str, ...]) -> dict[str, float]:
    """Figures of one run while the topics are listened to."""
    with tempfile.TemporaryDirectory() as folder, listening(topics) as received:
        before_s = children_s()
        report = run(source, frames, pathlib.Path(folder))
        cpu_s = children_s() - before_s
    # A machine that is too busy for any answer gives None.
    p50, p95 = (report['latency_ms'][key] or np.nan for key in ('p50', 'p95'))
    return {'p50': p50, 'p95': p95, 'fps': report['fps'],
            'cpu_ms': 1e3 * cpu_s / max(report['frames'], 1),
            'received': min(received.values(), default=0)}


def run(source: str, frames: int, folder: pathlib.Path) -> dict[str, Any]:
    """The report of a live run."""
    subprocess.run([sys.executable, '-m', 'ros_animate', 'retarget', '--source', source, '--limit',
                    str(frames), '--quiet', '--output', str(folder), '--files', 'report'],
                   check=True, env=node_environment())
    return json.loads((folder / 'report.json').read_text())


@contextlib.contextmanager
def listening(topics: tuple[str, ...]) -> Iterator[dict[str, int]]:
    """Subscribes to the topics meanwhile; counts their messages by topic."""
    context, received = Context(), dict.fromkeys(topics, 0)
    rclpy.init(context=context, domain_id=DOMAIN)
    node = Node('listener', context=context)

    def count(topic: str) -> None:
        received[topic] += 1
    for topic in topics:
        node.create_subscription(TOPICS[topic].message_class, topic,
                                 lambda _, topic=topic: count(topic), buffered(10), raw=True)
    spinner = Spinner(node)
    try:
        yield received
    finally:
        spinner.end()
        node.destroy_node()
        context.try_shutdown()


def children_s() -> float:
    """CPU time of ended child processes in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == '__main__':
    main()
