"""Subscriptions that are taken from, over real DDS."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import threading
import time

from helpers.ros_helpers import TIMEOUT_S
from std_msgs.msg import Int32, String

from ros_animate.nodes.qos import RELIABLE, buffered
from ros_animate.nodes.remote import polled
from ros_animate.nodes.remote.polled import PolledSubscriptions
from ros_animate.nodes.spinner import BackgroundNode


@pytest.fixture
def background():
    with_node = BackgroundNode('polling')
    yield with_node
    with_node.close()


def taken(subscriptions, name, publish):
    """The next message; published again until it arrives, because discovery takes a while."""
    end_s = time.monotonic() + TIMEOUT_S
    while (message := subscriptions.take(name)) is None:
        assert time.monotonic() < end_s
        publish()
        time.sleep(0.02)
    return message


def test_the_newest_message_is_taken_once_while_callbacks_run(background):
    node, called = background.node, threading.Event()
    publisher = node.create_publisher(Int32, 'numbers', RELIABLE)
    node.create_subscription(Int32, 'numbers', lambda _: called.set(), RELIABLE)
    subscriptions = PolledSubscriptions(node)
    subscriptions.add('a', 'numbers', Int32, buffered(1))
    assert taken(subscriptions, 'a', lambda: publisher.publish(Int32(data=1))).data == 1
    assert called.wait(TIMEOUT_S)
    for number in (2, 3, 4):
        publisher.publish(Int32(data=number))
    found = []
    while found[-1:] != [4]:
        found.append(taken(subscriptions, 'a', lambda: None).data)
    assert subscriptions.take('a') is None and subscriptions.take('b') is None
    subscriptions.remove('a')
    publisher.publish(Int32(data=5))
    assert subscriptions.take('a') is None


def test_a_message_that_is_far_too_long_is_not_taken(background, monkeypatch):
    monkeypatch.setattr(polled, 'MESSAGE_BYTES', 1000)
    publisher = background.node.create_publisher(String, 'words', RELIABLE)
    subscriptions = PolledSubscriptions(background.node)
    subscriptions.add('words', 'words', String, buffered(1))
    lengths = iter([2000] * 5 + [10] * 10_000)

    def publish():
        publisher.publish(String(data='x' * next(lengths)))
    assert len(taken(subscriptions, 'words', publish).data) == 10
