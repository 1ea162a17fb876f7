"""A running pipeline as a program sees it that is none of its nodes."""
from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import ParameterEvent
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool

from ros_animate.nodes.messages import Joints
from ros_animate.nodes.pipeline_client import LEVELS, NodeStatus
from ros_animate.nodes.qos import LATCHED, RELIABLE, buffered
from ros_animate.nodes.remote.calls import ServiceCalls, python_value
from ros_animate.nodes.remote.polled import PolledSubscriptions
from ros_animate.nodes.remote.subscriptions import Subscriptions
from ros_animate.nodes.spinner import BackgroundNode
from ros_animate.plugins import STAGES
from ros_animate.robot.spec import RobotSpec
from ros_animate.ros_names import full_namespace
from ros_animate.types import Array

# Every node publishes its diagnostics once a second; a busy machine may be late.
GONE_S = 3.5


@dataclass
class Seen:
    """Newest states of the pipeline; None means nothing yet.

    Attributes:
        estopped: Whether the emergency stop is in force.
        manual: Whether the manual mode is on.
        statuses: Newest diagnostics by stage, with their time of arrival.
    """

    estopped: bool | None = None
    manual: bool | None = None
    statuses: dict[str, tuple[float, NodeStatus]] = field(default_factory=dict)


class RemotePipeline:
    """Observes and steers a pipeline through topics, parameters and services alone.

    Its methods may be called by any thread and wait for nothing. A context manager.

    Args:
        namespace: Namespace of the pipeline's nodes, '' for none.
        views: Those of VIEWS to subscribe to.

    Attributes:
        namespace: As ROS writes it.
        calls: Services and parameters of the nodes.
        newest: Newest messages of the topics and views, while somebody looks.

    Raises:
        UserError: The namespace or the environment is wrong.
    """

    def __init__(self, namespace: str, views: Collection[str] = ()) -> None:
        self.namespace = full_namespace(namespace)
        self._seen, self._lock = Seen(), threading.Lock()
        self._parameter_listeners: list[Callable[[str, dict[str, Any]], None]] = []
        self._background = BackgroundNode(f'dashboard_{os.getpid()}')
        self._node = self._background.node
        self.calls = ServiceCalls(self._node, self.namespace)
        self.newest = PolledSubscriptions(self._node)
        self._subscriptions = Subscriptions(self._node, self.namespace, self.newest, views)
        self._stages = {f'{self.namespace}/{stage}': stage for stage in STAGES}
        self._listen()
        self._estop = self._node.create_publisher(Bool, f'{self.namespace}/estop', RELIABLE)
        self._targets = self._node.create_publisher(
            JointState, f'{self.namespace}/hardware/manual_targets', RELIABLE)

    def __enter__(self) -> RemotePipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self._background.close()

    def watch(self, watched: bool) -> None:
        """Listens to images and streams only while somebody looks."""
        self._subscriptions.is_watched = watched

    @property
    def estopped(self) -> bool | None:
        """True if the emergency stop is in force; None if the hardware node is silent."""
        return self._seen.estopped

    @property
    def manual(self) -> bool | None:
        """True if the manual mode is on; None if the hardware node is silent."""
        return self._seen.manual

    def statuses(self) -> dict[str, NodeStatus | None]:
        """Newest diagnostics by stage; None for a node that has been silent for GONE_S."""
        now_s = time.monotonic()
        with self._lock:
            found = dict(self._seen.statuses)
        return {stage: found[stage][1] if stage in found and now_s - found[stage][0] < GONE_S
                else None for stage in STAGES}

    def has_answered(self, stage: str) -> bool:
        """True if the node of a stage has ever published its diagnostics."""
        return stage in self._seen.statuses

    def publish_estop(self) -> None:
        """Publishes the emergency stop on its topic, for whoever listens."""
        self._estop.publish(Bool(data=True))

    def publish_manual_targets(self, spec: RobotSpec, names: Sequence[str],
                               values: Array) -> None:
        """Publishes targets of the manual mode.

        Args:
            spec: Description of the robot.
            names: Names of controls, none to only keep the manual mode alive.
            values: A value for each, in the robot's units.
        """
        indices = spec.indices(names)
        message = JointState(name=[spec.joints[i] for i in indices],
                             position=(np.asarray(values) * spec.si[indices]).tolist())
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._targets.publish(message)

    def on_parameters(self, listener: Callable[[str, dict[str, Any]], None]) -> None:
        """Calls `listener(stage, changed values)` in another thread when parameters change."""
        self._parameter_listeners.append(listener)

    def measured(self, joints: Joints, message: JointState) -> Array:
        """(N,) positions of a JointState in the robot's units; raises MessageError."""
        return np.asarray(message.position)[joints.order(message.name)] / joints.to_si

    def _listen(self) -> None:
        node, prefix = self._node, f'{self.namespace}/hardware'
        node.create_subscription(DiagnosticArray, '/diagnostics', self._note_statuses,
                                 buffered(100))
        node.create_subscription(Bool, f'{prefix}/estopped', self._note_estop, LATCHED)
        node.create_subscription(Bool, f'{prefix}/manual', self._note_manual, LATCHED)
        node.create_subscription(ParameterEvent, '/parameter_events', self._note_parameters,
                                 buffered(100))

    def _note_estop(self, message: Bool) -> None:
        self._seen.estopped = message.data

    def _note_manual(self, message: Bool) -> None:
        self._seen.manual = message.data

    def _note_statuses(self, message: DiagnosticArray) -> None:
        for status in message.status:
            stage = self._stages.get(f'/{status.name.lstrip("/")}')
            if stage is None:
                continue
            found = NodeStatus(status.name, LEVELS.get(status.level, '?'), status.message,
                               {value.key: value.value for value in status.values})
            with self._lock:
                self._seen.statuses[stage] = time.monotonic(), found

    def _note_parameters(self, message: ParameterEvent) -> None:
        stage = self._stages.get(message.node)
        if stage is None:
            return
        values = {p.name: python_value(p.value)
                  for p in (*message.new_parameters, *message.changed_parameters)}
        for listener in self._parameter_listeners:
            listener(stage, values)
