"""Client of a running pipeline: calls its services, reads its diagnostics and topics."""
from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from std_srvs.srv import Trigger

from ros_animate.errors import UserError
from ros_animate.nodes.graph import (
    IMAGE_TYPES,
    listed,
    node_names,
    published_topics,
    publisher_names,
    subscriber_names,
)
from ros_animate.nodes.qos import buffered
from ros_animate.nodes.spinner import BackgroundNode
from ros_animate.nodes.topics import TOPICS
from ros_animate.plugins import STAGES
from ros_animate.ros_names import full_namespace

POLL_S = 0.02
# Every node publishes its diagnostics once a second.
DIAGNOSTICS_S = 1.5
# Nodes announce themselves at their start and every 3 s: later nobody else is to be expected.
DISCOVERY_S = 3.2
SETTLE_S = 1.0
LEVELS = {DiagnosticStatus.OK: 'OK', DiagnosticStatus.WARN: 'WARN',
          DiagnosticStatus.ERROR: 'ERROR', DiagnosticStatus.STALE: 'STALE'}


@dataclass(frozen=True)
class NodeStatus:
    """Newest diagnostics of a node.

    Attributes:
        name: Full name of the node.
        level: OK, WARN, ERROR or STALE.
        message: State in words.
        values: Figures by name.
    """

    name: str
    level: str
    message: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TopicEnds:
    """A topic of the pipeline with the nodes at both of its ends.

    Attributes:
        name: Full name of the topic.
        type_name: Message type.
        publishers: Full names of the nodes that publish it.
        subscribers: Full names of the nodes that subscribe to it.
    """

    name: str
    type_name: str
    publishers: list[str]
    subscribers: list[str]


class PipelineClient:
    """A node beside a running pipeline; a context manager.

    Args:
        namespace: Namespace of the pipeline's nodes, '' for none.
        timeout_s: How long a method waits for what it needs.

    Raises:
        UserError: The namespace or the environment is wrong.
    """

    def __init__(self, namespace: str, timeout_s: float) -> None:
        self._namespace, self._timeout_s = full_namespace(namespace), timeout_s
        self._background = BackgroundNode(f'ros_animate_client_{os.getpid()}')
        self._node = self._background.node
        self._start_s = time.monotonic()

    def __enter__(self) -> PipelineClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._background.close()

    def trigger(self, services: Sequence[str]) -> list[str]:
        """Calls Trigger services, e.g. 'hardware/estop', all of which have to be there.

        Returns:
            A line for each service, with its answer.

        Raises:
            UserError: A service is not there, does not answer, or refuses.
        """
        names = [f'{self._namespace}/{service}' for service in services]
        clients = [self._node.create_client(Trigger, name) for name in names]
        self._wait(lambda: all(client.service_is_ready() for client in clients))
        missing = [n for n, c in zip(names, clients, strict=True) if not c.service_is_ready()]
        if missing:
            raise UserError(f'nobody offers {listed(missing)}: {self._surroundings()}')
        futures = [client.call_async(Trigger.Request()) for client in clients]
        self._wait(lambda: all(future.done() for future in futures))
        silent = [n for n, f in zip(names, futures, strict=True) if not f.done()]
        if silent:
            raise UserError(f'no answer from {listed(silent)} in {self._timeout_s:g} s')
        answers = [future.result() for future in futures]
        refusals = [f'{name}: {answer.message}'
                    for name, answer in zip(names, answers, strict=True) if not answer.success]
        if refusals:
            raise UserError('; '.join(refusals))
        return [f'{name}: {a.message}' for name, a in zip(names, answers, strict=True)]

    def statuses(self) -> list[NodeStatus]:
        """Newest diagnostics of the pipeline's nodes, in the order of the stages.

        Raises:
            UserError: No node of the pipeline publishes diagnostics.
        """
        names = [f'{self._namespace}/{stage}' for stage in STAGES]
        found: dict[str, NodeStatus] = {}
        lock = threading.Lock()

        def receive(message: DiagnosticArray) -> None:
            with lock:
                for status in message.status:
                    name = f'/{status.name.lstrip("/")}'
                    found[name] = NodeStatus(
                        name, LEVELS.get(status.level, '?'), status.message,
                        {value.key: value.value for value in status.values})
        self._node.create_subscription(DiagnosticArray, '/diagnostics', receive, buffered(100))
        self._wait(lambda: any(name in found for name in names))
        self._wait(lambda: all(name in found for name in names), DIAGNOSTICS_S)
        with lock:
            statuses = [found[name] for name in names if name in found]
        if not statuses:
            raise UserError(f'no diagnostics of {names[0]}, …, {names[-1]}: '
                            f'{self._surroundings()}')
        return statuses

    def topics(self) -> list[TopicEnds]:
        """The pipeline's topics that somebody publishes or subscribes to.

        Raises:
            UserError: There is none.
        """
        self._wait(lambda: any(e.name != '/diagnostics' for e in self._topic_ends()))
        ends = self._topic_ends()
        if all(e.name == '/diagnostics' for e in ends):
            raise UserError(f'no topic of a pipeline: {self._surroundings()}')
        self._wait(lambda: False, SETTLE_S)
        return self._topic_ends()

    def _topic_ends(self) -> list[TopicEnds]:
        """The topics of the pipeline that have an end already."""
        ends = []
        for name, topic in TOPICS.items():
            full = name if name.startswith('/') else f'{self._namespace}/{name}'
            ends.append(TopicEnds(full, topic.type_name, publisher_names(self._node, full),
                                  subscriber_names(self._node, full)))
        return [e for e in ends if e.publishers or e.subscribers]

    def image_topics(self) -> list[str]:
        """Names of all image topics that are published by now."""
        return published_topics(self._node, IMAGE_TYPES)

    def _wait_for_discovery(self) -> None:
        time.sleep(max(0.0, self._start_s + DISCOVERY_S - time.monotonic()))

    def _wait(self, is_done: Callable[[], bool], longest_s: float = math.inf) -> None:
        end_s = time.monotonic() + min(self._timeout_s, longest_s)
        while not is_done() and time.monotonic() < end_s:
            time.sleep(POLL_S)

    def _surroundings(self) -> str:
        """Where was looked, and what is there."""
        self._wait_for_discovery()
        domain = self._node.context.get_domain_id()
        where = f'in the namespace {self._namespace or "/"} of ROS domain {domain}'
        return (f'no pipeline answers {where} (--namespace, ROS_DOMAIN_ID); nodes here: '
                f'{listed(node_names(self._node))}')
