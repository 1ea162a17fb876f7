"""Helpers of the node tests: processes, an observing node, a camera driver. Needs ROS."""
from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

import numpy as np
import rclpy
import yaml
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from ros_animate.nodes.qos import NEWEST, buffered
from ros_animate.nodes.spinner import Spinner

# Machines differ and are busy; nothing waits longer than it has to.
TIMEOUT_S = 120.0
RESEND_S = 20.0
EVERYTHING = buffered(2000)
CAMERA = NEWEST


def _accept_ctrl_c():
    """A shell ignores Ctrl-C for tests in its background, and children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Process:
    """A program that has been started."""

    def __init__(self, arguments, environment, log):
        self.log = log
        with open(log, 'w') as file:
            self._process = subprocess.Popen(
                [sys.executable, *arguments], env=environment, stdout=file,
                stderr=subprocess.STDOUT, preexec_fn=_accept_ctrl_c)

    @property
    def pid(self):
        return self._process.pid

    def output(self):
        return self.log.read_text(errors='replace')

    def is_running(self):
        return self._process.poll() is None

    def wait(self):
        return self._process.wait(TIMEOUT_S)

    def stop(self, number=signal.SIGTERM):
        """Ends it as a launch does; returns the exit status."""
        if self.is_running():
            self._process.send_signal(number)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise


class Processes:
    """Starts nodes; ends them all."""

    def __init__(self, environment, folder):
        self._environment, self._folder = environment, folder
        self._started = []

    def start(self, module, parameters=None, *, namespace='', arguments=(), remap=()):
        """Runs a module of ros_animate.nodes with {node: {parameter: value}}."""
        number = len(self._started)
        command = ['-m', f'ros_animate.nodes.{module}', *arguments, '--ros-args']
        if parameters is not None:
            path = self._folder / f'{number}.yaml'
            path.write_text(yaml.safe_dump({
                f'{namespace}/{node}': {'ros__parameters': values}
                for node, values in parameters.items() if values}))
            command += ['--params-file', str(path)] if any(parameters.values()) else []
        if namespace:
            command += ['-r', f'__ns:={namespace}']
        for rule in remap:
            command += ['-r', rule]
        process = Process(command, self._environment, self._folder / f'{number}_{module}.log')
        self._started.append(process)
        return process

    def stop(self):
        """Ends all, the last first."""
        for process in reversed(self._started):
            process.stop()


class Observer:
    """A node of the test: keeps messages, and waits for things to happen.

    It has the watcher's name, so that a camera can be told to wait for it.
    """

    def __init__(self, context):
        self.node = rclpy.create_node('watch', context=context)
        self.received = {}
        self._changed = threading.Condition()
        self._spinner = Spinner(self.node)

    def listen(self, message_type, topic):
        """Keeps every message of a topic in the list that is returned."""
        messages = self.received.setdefault(topic, [])

        def keep(message):
            with self._changed:
                messages.append(message)
                self._changed.notify_all()
        self.node.create_subscription(message_type, topic, keep, EVERYTHING)
        return messages

    def wait_for(self, predicate, what='', timeout_s=TIMEOUT_S):
        """Waits until the predicate is true; returns its value."""
        end_s = time.monotonic() + timeout_s
        with self._changed:
            while not (value := predicate()):
                left_s = end_s - time.monotonic()
                assert left_s > 0, f'{what or predicate} did not happen in {timeout_s} s'
                # Some predicates change without a message.
                self._changed.wait(min(left_s, 0.05))
        return value

    def comes_true(self, predicate, timeout_s):
        """True if the predicate becomes true in this time."""
        try:
            self.wait_for(predicate, timeout_s=timeout_s)
        except AssertionError:
            return False
        return True

    def wait_for_subscribers(self, topic, count=1):
        self.wait_for(lambda: self.node.count_subscribers(topic) >= count,
                      f'{count} subscribers of {topic}')

    def call(self, service_type, name, request):
        """Calls a service; returns its response.

        On a busy machine the server may answer before it knows the client, and the answer is lost:
        then it is called again. So a request may be carried out twice.
        """
        client = self.node.create_client(service_type, name)
        self.wait_for(client.service_is_ready, f'service {name}')
        future = client.call_async(request)
        if not self.comes_true(future.done, RESEND_S):
            future = client.call_async(request)
        self.wait_for(future.done, f'answer of {name}')
        self.node.destroy_client(client)
        return future.result()

    def diagnostics(self):
        """Function: node name to its newest status (level, message, values)."""
        messages = self.received.get('/diagnostics')
        if messages is None:
            messages = self.listen(DiagnosticArray, '/diagnostics')

        def newest(name):
            for message in reversed(messages):
                for status in message.status:
                    if status.name == name:
                        return (status.level[0], status.message,
                                {v.key: v.value for v in status.values})
            return None, '', {}
        return newest

    def close(self):
        self._spinner.end()
        self.node.destroy_node()


class Camera:
    """Another package's camera driver: publishes images of one colour."""

    def __init__(self, observer, topic='image_raw'):
        self._node = observer.node
        self._publisher = observer.node.create_publisher(Image, topic, CAMERA)
        self._timer = None
        self.color = (200, 200, 200)
        self.sent = []

    def has_subscribers(self):
        """True once the publisher itself knows a subscriber, which then gets the images."""
        return self._publisher.get_subscription_count() > 0

    def publish(self, color=None, stamp=None):
        """Publishes one image; returns its stamp (sec, nanosec)."""
        stamp = stamp or self._node.get_clock().now().to_msg()
        message = image_message(color or self.color, stamp)
        self._publisher.publish(message)
        self.sent.append((stamp.sec, stamp.nanosec))
        return self.sent[-1]

    def run(self, fps=30.0):
        """Goes on publishing images of the present colour."""
        self._timer = self._node.create_timer(1 / fps, self.publish)

    def stop(self):
        self._node.destroy_timer(self._timer)


def image_message(color, stamp=None, size=(48, 64)):
    """An rgb8 message of one colour."""
    image = np.broadcast_to(np.array(color, np.uint8), (*size, 3))
    return Image(header=Header(stamp=stamp or Time(), frame_id='camera'), height=size[0],
                 width=size[1], encoding='rgb8', step=3 * size[1], data=image.tobytes())


def stamp_of(message):
    """(sec, nanosec) of a message's header."""
    return message.header.stamp.sec, message.header.stamp.nanosec
