#!/usr/bin/env python3
"""Benchmark of what subscribers cost: latency and CPU of the live pipeline with and without them.

    .venv/bin/python benchmarks/listeners.py [--source face.mp4] [--frames 300] [--repeats 3]

The conditions take turns, so that a load from outside meets each of them. CPU is the time of all
processes of the run for a frame; the latency is from the camera's stamp to the command. Who listens
has the lowest priority: on another machine it would cost nothing here. The topics of REP-155 and TF
need hri_msgs and tf2_msgs, which the tests' helper builds where ROS has none.
"""
from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.node import Node

from ros_animate.nodes.qos import buffered
from ros_animate.nodes.spinner import Spinner
from ros_animate.nodes.topics import TOPICS, message_class
from ros_animate.outputs.machine import machine
from ros_animate.runtime.environment import node_environment
from ros_animate.scheduling import LOWEST_NICE, lower_priority

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'test'))
from helpers.message_packages import message_environment, use_messages

DOMAIN = 97
PACKAGES = ('hri_msgs', 'tf2_msgs')
PEOPLE = ('/humans/faces/', '/tf')
SEARCH_S = 0.2
COMPRESSED = ('animated/image_raw/compressed', 'robot/image_raw/compressed')


@dataclasses.dataclass(frozen=True)
class Condition:
    """Programs and subscribers beside the pipeline.

    Attributes:
        topics: Topics that somebody subscribes to.
        hri: True if hri_msgs and tf2_msgs are installed.
        people: True if tf_node runs, and somebody subscribes to every topic of faces and to TF.
    """

    topics: tuple[str, ...] = ()
    hri: bool = False
    people: bool = False


CONDITIONS = {
    'nobody': Condition(),
    'nobody, hri installed': Condition(hri=True),
    'animated/image_raw': Condition(('animated/image_raw',)),
    'both raw images': Condition(('animated/image_raw', 'robot/image_raw')),
    'both compressed': Condition(COMPRESSED),
    'hri, TF, both compressed': Condition(COMPRESSED, hri=True, people=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--source', default='demo')
    parser.add_argument('--frames', type=int, default=300, help='frames of each run')
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--only', nargs='+', choices=CONDITIONS, default=list(CONDITIONS),
                        metavar='CONDITION', help=f'some of: {", ".join(CONDITIONS)}')
    args = parser.parse_args()
    os.environ.update({'ROS_DOMAIN_ID': str(DOMAIN), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'})
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in args.only}
    for name in PACKAGES:
        use_messages(name)
    for _ in range(args.repeats):
        for name in args.only:
            figures[name].append(measure(args.source, args.frames, CONDITIONS[name]))
    print(f'{machine()}; load {os.getloadavg()[0]:.1f}\n\n{"subscribed":26}{"p50":>7}{"p95":>7}'
          f'{"CPU":>7} ms{"frames/s":>10}{"received":>10}')
    for name, runs in figures.items():
        middle = {key: float(np.median([run[key] for run in runs])) for key in runs[0]}
        print(f'{name:26}{middle["p50"]:7.1f}{middle["p95"]:7.1f}{middle["cpu_ms"]:7.1f}   '
              f'{middle["fps"]:10.1f}{middle["received"]:10.0f}')


def measure(source: str, frames: int, condition: Condition) -> dict[str, float]:
    """Figures of one run in a condition."""
    environment = node_environment()
    if condition.hri:
        environment = message_environment(PACKAGES, environment)
    with (tempfile.TemporaryDirectory() as folder, listening(condition) as (node, received),
          transforms(condition.people, environment, node)):
        before_s = children_s()
        report = run(source, frames, pathlib.Path(folder), environment)
        cpu_s = children_s() - before_s
    # A machine that is too busy for any answer gives None.
    p50, p95 = (report['latency_ms'][key] or np.nan for key in ('p50', 'p95'))
    return {'p50': p50, 'p95': p95, 'fps': report['fps'],
            'cpu_ms': 1e3 * cpu_s / max(report['frames'], 1),
            'received': min(received.values(), default=0)}


def run(source: str, frames: int, folder: pathlib.Path, environment: dict[str, str],
        ) -> dict[str, Any]:
    """The report of a live run."""
    subprocess.run([sys.executable, '-m', 'ros_animate', 'retarget', '--source', source, '--limit',
                    str(frames), '--quiet', '--output', str(folder), '--files', 'report'],
                   check=True, env=environment)
    return json.loads((folder / 'report.json').read_text())


@contextlib.contextmanager
def transforms(wanted: bool, environment: dict[str, str], node: Node) -> Iterator[None]:
    """Runs tf_node meanwhile, from before on."""
    if not wanted:
        yield
        return
    process = subprocess.Popen([sys.executable, '-m', 'ros_animate.nodes.tf_node'], env=environment)
    try:
        while not node.count_publishers('/tf'):
            if process.poll() is not None:
                raise SystemExit('tf_node has not started')
            time.sleep(SEARCH_S)
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def listening(condition: Condition) -> Iterator[tuple[Node, dict[str, int]]]:
    """Subscribes to the topics of a condition meanwhile; a node, and the messages by topic."""
    context = Context()
    rclpy.init(context=context, domain_id=DOMAIN)
    node = Node('listener', context=context)
    node.create_guard_condition(lambda: lower_priority(nice=LOWEST_NICE)).trigger()
    listener = Listener(node)
    for topic in condition.topics:
        listener.add(topic, TOPICS[topic].message_class)
    if condition.people:
        node.create_timer(SEARCH_S, listener.add_people)
    spinner = Spinner(node)
    try:
        yield node, listener.received
    finally:
        spinner.end()
        node.destroy_node()
        context.try_shutdown()


class Listener:
    """Counts the messages of topics; `received` has the counts by topic."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.received: dict[str, int] = {}

    def add(self, topic: str, message_class: Any) -> None:
        """Subscribes to a topic."""
        self.received[topic] = 0
        self._node.create_subscription(message_class, topic, lambda _: self._count(topic),
                                       buffered(10), raw=True)

    def add_people(self) -> None:
        """Subscribes to those topics of faces and TF that have appeared."""
        for topic, types in self._node.get_topic_names_and_types():
            if topic.startswith(PEOPLE) and topic not in self.received:
                self.add(topic, message_class(types[0]))

    def _count(self, topic: str) -> None:
        self.received[topic] += 1


def children_s() -> float:
    """CPU time of ended child processes in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == '__main__':
    main()
