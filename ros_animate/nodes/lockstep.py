"""Real nodes driven step by step through a bag: time goes on when every node has done its work.

The nodes run in this process on one thread, on the clock of the bag. Each message is handed from
one node to the next by the harness, at the moment at which the recording has it, and the robot is
commanded at the recorded moments. So the outputs depend on the bag and the nodes alone, on no
machine's speed.
"""
from __future__ import annotations

import heapq
import itertools
import os
import pathlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.time import Time

from ros_animate.errors import UserError
from ros_animate.nodes.composed_node import NODES
from ros_animate.nodes.hardware_node import HardwareNode
from ros_animate.nodes.hri_faces import NEVER
from ros_animate.nodes.messages import nanoseconds
from ros_animate.nodes.middleware import set_middleware_defaults
from ros_animate.nodes.qos import NEWEST, RELIABLE, buffered
from ros_animate.nodes.rclpy_compatibility import refusals_as_user_errors
from ros_animate.nodes.stage_node import StageNode
from ros_animate.nodes.topics import TOPICS

# Topic that a stage publishes for the next one.
OUTPUTS = {'motion': 'motion', 'animation': 'animated/image_raw', 'policy': 'actions',
           'smoothing': 'joint_trajectory', 'hardware': 'commands'}
# Appended to the names of the outputs, so that they reach the next node through the harness alone.
TESTED = 'tested'
TICK_NS = 16_666_667
SPIN_S = 0.05
# A message that a node has not taken by then is sent again; after the second time it ends the test.
RESEND_S, PATIENCE_S = 5.0, 60.0
Messages = Mapping[str, Sequence[tuple[int, Any]]]


class StepTicker:
    """A ticker of the hardware node that ticks when it is told to."""

    def __init__(self, period_s: float, tick: Callable[[], None]) -> None:
        self.tick = tick

    def start(self) -> None:
        """Nothing has to begin."""

    def note_news(self) -> None:
        """The moments of the ticks are those of the recording."""

    def stop(self) -> None:
        """Nothing has to end."""


class StepHardwareNode(HardwareNode):
    """The hardware node with ticks from outside."""

    make_ticker = StepTicker
    ticker: StepTicker


class Lockstep:
    """The nodes of some stages, and the harness around them; a context manager.

    Args:
        parameters: ROS parameters of each node, by stage, in the order of the pipeline.
        folder: Folder for the state of the robot, which is not that of a real one.
    """

    def __init__(self, parameters: Mapping[str, Mapping[str, Any]], folder: pathlib.Path) -> None:
        set_middleware_defaults()
        self._stages = tuple(parameters)
        self._namespace = f'/lockstep_{os.getpid()}'
        self._context = Context()
        with refusals_as_user_errors():
            self._context.init(['--ros-args', '--log-level', 'warn'])
        self._executor = SingleThreadedExecutor(context=self._context)
        self._nodes: dict[str, StageNode] = {}
        try:
            with refusals_as_user_errors():
                self._harness = rclpy.create_node(
                    'harness', context=self._context, namespace=self._namespace)
                for stage, values in parameters.items():
                    self._nodes[stage] = self._make_node(stage, values, folder)
        except BaseException:
            self.close()
            raise
        self._publishers: dict[str, Any] = {}
        self._fed: Counter[str] = Counter()
        self._outputs: dict[str, list[Any]] = {OUTPUTS[stage]: [] for stage in self._stages}
        self._new: list[tuple[str, Any]] = []
        self._now_ns = 0
        self._connect()

    def __enter__(self) -> Lockstep:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the nodes."""
        for node in self._nodes.values():
            node.close()
            node.destroy_node()
        self._nodes = {}
        self._executor.shutdown()
        self._context.try_shutdown()

    def run(self, recorded: Messages, start_ns: int, end_ns: int,
            on_step: Callable[[int], None] = lambda _: None) -> dict[str, list[tuple[int, Any]]]:
        """Drives the nodes through a recording.

        Args:
            recorded: (time in nanoseconds, message) of each topic, both of the inputs of the first
                stage and of the outputs; the latter say when an answer reaches the next node.
            start_ns: Beginning of the bag.
            end_ns: End of the bag.
            on_step: Called with the number of handled inputs.

        Returns:
            (time in nanoseconds, message) of every output by topic.

        Raises:
            UserError: A node does not answer.
        """
        self._set_clock(start_ns)
        for node in self._nodes.values():
            node.start()
        self._settle()
        timing = Timing(recorded)
        ticks = iter(_tick_times(recorded.get('commands', ()), start_ns, end_ns))
        inputs = self._inputs(recorded, timing)
        queue = [(time_ns, number, topic, message)
                 for number, (time_ns, topic, message) in enumerate(inputs)]
        heapq.heapify(queue)
        numbers = itertools.count(len(queue))
        tick_ns = next(ticks, None)
        handled = 0
        while queue or tick_ns is not None:
            if tick_ns is not None and (not queue or tick_ns < queue[0][0]):
                self._tick(tick_ns)
                tick_ns = next(ticks, None)
            else:
                time_ns, _, topic, message = heapq.heappop(queue)
                self._feed(time_ns, topic, message)
                handled += 1
                on_step(handled)
            for topic, message in self._take_new():
                if any(topic in node.inputs for node in self._nodes.values()):
                    due_ns = max(self._now_ns, timing.arrival(topic, message, self._now_ns))
                    heapq.heappush(queue, (due_ns, next(numbers), topic, message))
        return self._outputs

    def _inputs(self, recorded: Messages, timing: Timing) -> Iterable[tuple[int, str, Any]]:
        """The recorded messages that no tested node publishes and some tested node takes.

        Frames that the recording did not answer are left out: its node had dropped them.
        """
        own = {OUTPUTS[stage] for stage in self._stages}
        for stage, node in self._nodes.items():
            for topic in node.inputs:
                if topic not in own:
                    yield from ((timing.bounded(message, time_ns), topic, message)
                                for time_ns, message
                                in recorded.get(topic, ())
                                if timing.has_answer(OUTPUTS[stage], message))

    def _make_node(self, stage: str, values: Mapping[str, Any],
                   folder: pathlib.Path) -> StageNode:
        given = {**values, 'use_sim_time': True, **(
            {'hri': NEVER} if stage == 'motion' else {})}
        kind: Any = NODES[stage]
        if stage == 'hardware':
            kind, given['estop_file'] = StepHardwareNode, str(folder / 'lockstep.estop')
        names = [('/clock', f'{self._namespace}/clock'),
                 ('/diagnostics', f'{self._namespace}/diagnostics'),
                 (OUTPUTS[stage], f'{TESTED}/{OUTPUTS[stage]}')]
        rules = [part for source, target in names for part in ('-r', f'{source}:={target}')]
        node: StageNode = kind(
            context=self._context, namespace=self._namespace, use_global_arguments=False,
            cli_args=['--ros-args', *rules],
            parameter_overrides=[Parameter(name, value=value) for name, value in given.items()])
        node.steady_s = node.now_s  # the clock of the bag
        return node

    def _connect(self) -> None:
        """Makes the ends of the harness and waits until they have found the nodes."""
        for node in self._nodes.values():
            for topic in node.inputs:
                if topic not in self._publishers:
                    self._publishers[topic] = self._harness.create_publisher(
                        TOPICS[topic].message_class, topic,
                        NEWEST if TOPICS[topic].best_effort else RELIABLE)
        for topic in self._outputs:
            self._harness.create_subscription(
                TOPICS[topic].message_class, f'{TESTED}/{topic}',
                lambda message, topic=topic: self._collect(topic, message), buffered(100))
        for node in (self._harness, *self._nodes.values()):
            self._executor.add_node(node)
        self._wait(self._is_connected, 'the nodes do not find each other')

    def _is_connected(self) -> bool:
        listeners = Counter(topic for node in self._nodes.values() for topic in node.inputs)
        return (all(publisher.get_subscription_count() >= listeners[topic]
                    for topic, publisher in self._publishers.items())
                and all(self._harness.count_publishers(f'{TESTED}/{topic}')
                        for topic in self._outputs))

    def _set_clock(self, time_ns: int) -> None:
        self._now_ns = time_ns
        for node in self._nodes.values():
            clock: Any = node.get_clock()
            clock.set_ros_time_override(Time(nanoseconds=time_ns, clock_type=clock.clock_type))

    def _tick(self, time_ns: int) -> None:
        """One tick of the robot."""
        self._set_clock(time_ns)
        self._settle()
        hardware = self._nodes.get('hardware')
        if isinstance(hardware, StepHardwareNode):
            hardware.ticker.tick()
        self._settle()

    def _feed(self, time_ns: int, topic: str, message: Any) -> None:
        """Gives a message to the nodes that take it and waits for what they do with it."""
        self._set_clock(max(time_ns, self._now_ns))
        self._settle()
        takers = [stage for stage, node in self._nodes.items() if topic in node.inputs]
        self._fed.update(takers)
        self._publishers[topic].publish(message)
        try:
            self._settle(RESEND_S)
        except UserError:
            if any(self._received(stage) < self._fed[stage] for stage in takers):
                self._publishers[topic].publish(message)
            self._settle()

    def _settle(self, patience_s: float = PATIENCE_S) -> None:
        """Runs callbacks until every node has taken, and answered, what was sent to it."""
        self._wait(self._is_settled, 'a node does not answer', patience_s)

    def _is_settled(self) -> bool:
        return (all(self._received(stage) >= self._fed[stage] for stage in self._stages)
                and all(len(self._outputs[OUTPUTS[stage]])
                        >= self._nodes[stage].diagnostics.counts['published']
                        for stage in self._stages)
                and not any(timer.is_ready() for node in self._nodes.values()
                            for timer in node.timers))

    def _received(self, stage: str) -> int:
        return int(self._nodes[stage].diagnostics.counts['received'])

    def _wait(self, is_done: Callable[[], bool], complaint: str,
              patience_s: float = PATIENCE_S) -> None:
        end_s = time.monotonic() + patience_s
        while not is_done():
            if time.monotonic() > end_s:
                raise UserError(f'{complaint} ({patience_s:g} s)')
            self._executor.spin_once(SPIN_S)

    def _collect(self, topic: str, message: Any) -> None:
        self._outputs[topic].append((self._now_ns, message))
        self._new.append((topic, message))

    def _take_new(self) -> list[tuple[str, Any]]:
        new, self._new = self._new, []
        return new


class Timing:
    """Times at which the messages of a recording reached the next node.

    The recorder notes when a message reached the recorder, on a busy machine long after that. What
    the nodes wrote down themselves is exact: the first point of a trajectory lies at the moment at
    which the smoother answered the action, and a command at that of its tick.

    Args:
        recorded: (time in nanoseconds, message) of each topic.
    """

    def __init__(self, recorded: Messages) -> None:
        self._arrivals = {topic: _first_times(recorded.get(topic, ()), lambda time_ns, _: time_ns)
                          for topic in ('motion', 'animated/image_raw', 'actions')}
        self._smoothed = _first_times(
            (item for item in recorded.get('joint_trajectory', ()) if item[1].points),
            lambda _, m: nanoseconds(m.header.stamp) + nanoseconds(m.points[0].time_from_start))
        self._commanded = _first_times(
            recorded.get('commands', ()), lambda _, m: nanoseconds(m.sent))

    def arrival(self, topic: str, message: Any, default_ns: int) -> int:
        """Recorded time at which an answer to the same frame arrived, else the default."""
        stamp_ns = nanoseconds(message.header.stamp)
        if topic == 'joint_trajectory':
            return self._commanded.get(stamp_ns, default_ns + 1) - 1  # just before the tick
        if topic == 'actions' and stamp_ns in self._smoothed:
            return self._smoothed[stamp_ns]
        return self.bounded(message, self._arrivals.get(topic, {}).get(stamp_ns, default_ns))

    def bounded(self, message: Any, time_ns: int) -> int:
        """The time, or that at which the smoother had the answer to the frame if it is earlier."""
        return min(time_ns, self._smoothed.get(nanoseconds(message.header.stamp), time_ns))

    def has_answer(self, topic: str, message: Any) -> bool:
        """True if the recording has an answer to the frame, or none to any frame."""
        answers = self._arrivals.get(topic)
        return not answers or nanoseconds(message.header.stamp) in answers


def _first_times(messages: Iterable[tuple[int, Any]],
                 time_of: Callable[[int, Any], int]) -> dict[int, int]:
    """Time of the first message for each stamp, in nanoseconds."""
    times: dict[int, int] = {}
    for time_ns, message in messages:
        times.setdefault(nanoseconds(message.header.stamp), time_of(time_ns, message))
    return times


def _tick_times(commands: Sequence[tuple[int, Any]], start_ns: int, end_ns: int) -> list[int]:
    """Moments of the recorded commands; without them, and in their gaps, a fixed period."""
    sent = [nanoseconds(message.sent) for _, message in commands]
    times, last_ns = [], start_ns
    for time_ns in [*(t for t in sent if start_ns < t <= end_ns), end_ns]:
        while time_ns - last_ns > 2 * TICK_NS:
            last_ns += TICK_NS
            times.append(last_ns)
        if time_ns > last_ns:
            times.append(time_ns)
            last_ns = time_ns
    return times
