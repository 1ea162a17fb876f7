"""The executor of the nodes does what rclpy's own does, over real DDS."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')

import queue
import threading
import time

import rclpy
from helpers.ros_helpers import TIMEOUT_S
from rclpy.callback_groups import CallbackGroup
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import deserialize_message
from std_msgs.msg import Int32
from std_srvs.srv import Trigger

from ros_animate.nodes.executor import MessageExecutor
from ros_animate.nodes.middleware import set_middleware_defaults
from ros_animate.nodes.qos import RELIABLE, buffered


class Spun:
    """A node whose executor runs in a thread, and what has happened in its callbacks."""

    def __init__(self, executor_class):
        set_middleware_defaults()
        self._context = rclpy.Context()
        self._context.init()
        self.node = rclpy.create_node('spun', context=self._context)
        self.happened = queue.Queue()
        self.failure = None
        self.executor = executor_class(context=self._context)
        self.executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def _spin(self):
        try:
            self.executor.spin()
        except ZeroDivisionError as error:
            self.failure = error

    def next(self):
        return self.happened.get(timeout=TIMEOUT_S)

    def sender(self, topic):
        """A publisher that has been discovered by a subscription."""
        publisher = self.node.create_publisher(Int32, topic, RELIABLE)
        end_s = time.monotonic() + TIMEOUT_S
        while not publisher.get_subscription_count():
            assert time.monotonic() < end_s
            time.sleep(0.01)
        return lambda number: publisher.publish(Int32(data=number))

    def listen(self, topic, callback=None, **more):
        callback = callback or (lambda message: self.happened.put(message.data))
        return self.node.create_subscription(Int32, topic, callback, buffered(100), **more)

    def join(self):
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()

    def close(self):
        self.executor.shutdown()
        self.join()
        self.node.destroy_node()
        self._context.try_shutdown()


@pytest.fixture(params=[SingleThreadedExecutor, MessageExecutor])
def spun(request):
    made = Spun(request.param)
    yield made
    made.close()


def test_messages_come_in_their_order(spun):
    spun.listen('numbers')
    send = spun.sender('numbers')
    for number in range(50):
        send(number)
    assert [spun.next() for _ in range(50)] == list(range(50))


def test_raw_messages_and_those_with_information(spun):
    spun.listen('raw', lambda data: spun.happened.put(deserialize_message(data, Int32).data),
                raw=True)
    spun.listen('informed', lambda message, info: spun.happened.put((message.data, bool(info))))
    spun.sender('raw')(1)
    assert spun.next() == 1
    spun.sender('informed')(2)
    assert spun.next() == (2, True)


def test_a_callback_may_be_a_coroutine(spun):
    async def receive(message):
        spun.happened.put(message.data)
    spun.listen('numbers', receive)
    send = spun.sender('numbers')
    for number in range(3):
        send(number)
    assert [spun.next() for _ in range(3)] == [0, 1, 2]


def test_timers_services_and_guards_run_between_messages(spun):
    spun.listen('numbers')
    spun.node.create_service(Trigger, 'ask', lambda _, answer: (spun.happened.put('asked'),
                                                                answer)[1])
    client = spun.node.create_client(Trigger, 'ask')
    guard = spun.node.create_guard_condition(lambda: spun.happened.put('guarded'))
    assert client.wait_for_service(TIMEOUT_S)
    send = spun.sender('numbers')
    for number in range(5):
        send(number)
        guard.trigger()
        answer = client.call_async(Trigger.Request())
        answer.add_done_callback(lambda _: spun.happened.put('answered'))
        found = {spun.next() for _ in range(4)}
        assert found == {number, 'guarded', 'asked', 'answered'}
    timer = spun.node.create_timer(0.001, lambda: spun.happened.put('timer'))
    assert [spun.next() for _ in range(5)] == ['timer'] * 5
    spun.node.destroy_timer(timer)


def test_what_a_callback_makes_is_served_at_once(spun):
    spun.listen('first', lambda _: (spun.listen('second'), spun.happened.put('made')))
    spun.sender('first')(1)
    assert spun.next() == 'made'
    spun.sender('second')(2)
    assert spun.next() == 2
    # A service makes one as well: another way through the executor.
    spun.node.create_service(Trigger, 'make', lambda _, answer: (spun.listen('third'), answer)[1])
    client = spun.node.create_client(Trigger, 'make')
    assert client.wait_for_service(TIMEOUT_S)
    client.call_async(Trigger.Request()).add_done_callback(lambda _: spun.happened.put('made'))
    assert spun.next() == 'made'
    spun.sender('third')(3)
    assert spun.next() == 3


def test_what_a_callback_destroys_is_not_called_any_more(spun):
    made = {}

    def receive(name, other):
        spun.happened.put(name)
        if other in made:
            spun.node.destroy_subscription(made.pop(other))
    made['a'] = spun.listen('numbers', lambda _: receive('a', 'b'))
    made['b'] = spun.listen('numbers', lambda _: receive('b', 'a'))
    spun.listen('end')
    send, end = spun.sender('numbers'), spun.sender('end')
    send(1)
    first = spun.next()
    send(2)
    assert spun.next() == first
    end(3)
    assert spun.next() == 3


def test_a_callback_group_that_forbids_it_leaves_messages_where_they_are(spun):
    class Never(CallbackGroup):
        def can_execute(self, entity):
            return False

        def beginning_execution(self, entity):
            return False

        def ending_execution(self, entity):
            pass
    kept = spun.listen('numbers', callback_group=Never())
    spun.listen('end')
    send, end = spun.sender('numbers'), spun.sender('end')
    send(1)
    end(2)
    assert spun.next() == 2
    with kept.handle:
        assert kept.handle.take_message(Int32, False)[0].data == 1


def test_tasks_run(spun):
    task = spun.executor.create_task(lambda: spun.happened.put('task'))
    assert spun.next() == 'task'
    spun.listen('numbers')
    spun.sender('numbers')(1)
    assert spun.next() == 1 and task.done()


@pytest.mark.parametrize('way', ['message', 'service'])
def test_the_error_of_a_callback_ends_the_spinning(spun, way):
    if way == 'message':
        spun.listen('numbers', lambda _: 1 / 0)
        spun.sender('numbers')(1)
    else:
        spun.node.create_service(Trigger, 'ask', lambda *_: 1 / 0)
        client = spun.node.create_client(Trigger, 'ask')
        assert client.wait_for_service(TIMEOUT_S)
        client.call_async(Trigger.Request())
    spun.join()
    assert isinstance(spun.failure, ZeroDivisionError)
