"""VividFace's protocol, read by a real ZeroMQ subscriber."""
import subprocess
import sys
import time

import numpy as np
import pytest
import zmq

from ros_animate.hardware.base import RobotError
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command

SPEC = load_spec('ameca')
TIMEOUT_MS = 5000


def command(pose, names=SPEC.names):
    pose = np.asarray(pose, float)
    return Command(names, pose, np.zeros_like(pose), np.zeros_like(pose), 1.0)


@pytest.fixture
def address(tmp_path):
    return f'ipc://{tmp_path}/commands'


@pytest.fixture
def robot(address):
    with load('hardware', 'ameca_zmq', {'address': address}, SPEC) as robot:
        yield robot


@pytest.fixture
def subscribe(robot, address):
    sockets = []

    def subscriber(high_water_mark=1000):
        socket = zmq.Context.instance().socket(zmq.SUB)
        sockets.append(socket)
        socket.set(zmq.RCVHWM, high_water_mark)
        socket.set(zmq.RCVTIMEO, TIMEOUT_MS)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.SUBSCRIBE, b'')
        socket.connect(address)
        return socket
    yield subscriber
    for socket in sockets:
        socket.close()


def first_message(robot, socket, pose):
    """Sends until the subscription has reached the publisher."""
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while time.monotonic() < deadline:
        robot.write(command(pose), 0.0)
        if socket.poll(20):
            return socket.recv_multipart()
    raise AssertionError('no message arrived')


def test_a_message_is_thirty_texts_in_index_order(robot, subscribe):
    pose = SPEC.neutral + 0.123456789
    message = first_message(robot, subscribe(), pose)
    assert len(message) == 30
    assert [float(part.decode('utf-8')) for part in message] == pose.tolist()


def test_controls_are_sent_by_name(robot, subscribe):
    socket = subscribe()
    first_message(robot, socket, SPEC.neutral)
    robot.write(command([0.25, 7.0], ('Nose Wrinkle', 'Head Yaw')), 0.0)
    expected = SPEC.neutral.copy()
    expected[29], expected[12] = 0.25, 7.0
    values = SPEC.neutral
    while values[29] != 0.25:
        values = np.array([float(part) for part in socket.recv_multipart()])
    np.testing.assert_array_equal(values, expected)


def test_sending_never_waits_for_absent_or_slow_subscribers(robot, subscribe):
    subscribe(high_water_mark=1)  # never reads
    start = time.monotonic()
    for _ in range(5000):
        robot.write(command(SPEC.neutral), 0.0)
    assert (time.monotonic() - start) / 5000 < 0.01


def test_a_subscriber_that_comes_again_gets_the_newest(robot, subscribe):
    first_message(robot, subscribe(), SPEC.neutral)
    values = np.array([float(x) for x in first_message(robot, subscribe(), SPEC.park)])
    np.testing.assert_array_equal(values, SPEC.park)


def test_the_state_is_the_last_command(robot):
    assert robot.read(0.0).enabled
    np.testing.assert_array_equal(robot.read(0.0).position, SPEC.neutral)
    assert robot.write(command(SPEC.park), 1.0).position is not None
    np.testing.assert_array_equal(robot.read(2.0).position, SPEC.park)


def test_an_address_in_use_is_a_clear_error(tmp_path):
    options = {'address': 'tcp://127.0.0.1:0'}
    with zmq.Context.instance().socket(zmq.PUB) as other:
        port = other.bind_to_random_port('tcp://127.0.0.1')
        options['address'] = f'tcp://127.0.0.1:{port}'
        robot = load('hardware', 'ameca_zmq', options, SPEC)
        with pytest.raises(RobotError, match=f'{port}.*hardware.address'):
            robot.connect()
    with pytest.raises(RobotError, match='nonsense'):
        load('hardware', 'ameca_zmq', {'address': 'nonsense'}, SPEC).connect()


def test_writing_without_a_connection_is_a_clear_error():
    robot = load('hardware', 'ameca_zmq', {}, SPEC)
    with pytest.raises(RobotError, match='not open'):
        robot.write(command(SPEC.neutral), 0.0)
    assert not robot.read(0.0).enabled
    robot.disconnect()


def test_nobody_connected_is_a_fault(robot, subscribe, address):
    def wait_for_fault(fault):
        deadline = time.monotonic() + TIMEOUT_MS / 1000
        while robot.read(0.0).fault != fault:
            assert time.monotonic() < deadline, robot.read(0.0).fault
            time.sleep(0.01)

    nobody = f'nobody is connected to {address}'
    assert robot.read(0.0).fault == nobody
    first, second = subscribe(), subscribe()
    wait_for_fault('')
    first.close()
    robot.write(command(SPEC.neutral), 0.0)
    wait_for_fault('')
    second.close()
    wait_for_fault(nobody)


def test_without_an_address_only_this_machine_can_connect(caplog):
    robot = load('hardware', 'ameca_zmq', {}, SPEC)
    assert robot._address.startswith('tcp://127.0.0.1:')
    with load('hardware', 'ameca_zmq', {'address': 'tcp://127.0.0.1:*'}, SPEC) as robot:
        robot.connect()  # again
    assert sum('from this machine only' in record.message for record in caplog.records) == 1
    with load('hardware', 'ameca_zmq', {'address': 'tcp://*:*'}, SPEC):
        pass
    assert 'every machine that reaches tcp://*:*' in caplog.text


# In a process of its own: libzmq's subscriber itself runs out of stack when it drops such a topic.
HOSTILE = """
import sys, zmq
socket = zmq.Context.instance().socket(zmq.SUB)
socket.set(zmq.SUBSCRIBE, b'x' * 10 ** 6)
socket.connect(sys.argv[1])
print('connected', flush=True)
sys.stdin.read()
"""


def test_a_long_subscription_ends_its_connection_alone(robot, subscribe, address):
    honest = subscribe()
    hostile = subprocess.Popen([sys.executable, '-c', HOSTILE, address],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        hostile.stdout.readline()
        deadline_s = time.monotonic() + TIMEOUT_MS / 1000
        honest.set(zmq.RCVTIMEO, 100)
        received = 0
        while received < 20 and time.monotonic() < deadline_s:
            robot.write(command(SPEC.neutral), 0.0)
            try:
                received += bool(honest.recv_multipart())
            except zmq.Again:
                continue
    finally:
        hostile.kill()
        hostile.wait()
    assert received == 20
