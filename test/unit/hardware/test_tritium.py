"""The official client against a stand-in for the robot's gateway."""
import importlib.util
import queue
import time

import numpy as np
import pytest
from helpers.tritium_gateway import Gateway

from ros_animate.hardware.base import RobotError
from ros_animate.hardware.robots import tritium
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command

SPEC = load_spec('ameca')
TOKEN = 'a-secret-token'
TIMEOUT_S = 10.0

needs_client = pytest.mark.skipif(
    importlib.util.find_spec(tritium.CLIENT) is None,
    reason='tritium-remote is not installed (there are wheels for Python 3.10 and 3.11)')


@pytest.fixture
def gateway():
    gateway = Gateway(TOKEN)
    yield gateway
    gateway.close()


@pytest.fixture
def robot(gateway, monkeypatch):
    monkeypatch.setenv(tritium.TOKEN_VARIABLE, TOKEN)
    with load('hardware', 'tritium', {'url': gateway.url, 'timeout_s': 1.0}, SPEC) as robot:
        yield robot


def command(pose, stamp_s=1.0):
    pose = np.asarray(pose, float)
    return Command(SPEC.names, pose, np.zeros_like(pose), np.zeros_like(pose), stamp_s)


def wait_for(condition):
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, 'it did not happen'
        time.sleep(0.01)


@needs_client
def test_commands_arrive_as_json_in_the_channel(robot, gateway):
    robot.write(command(SPEC.park, 12.5), 12.6)
    post = gateway.posts.get(timeout=TIMEOUT_S)
    assert post['channel'] == 'ros_animate'
    assert post['message']['stamp_s'] == 12.5
    assert post['message']['controls'] == dict(zip(SPEC.names, SPEC.park.tolist(), strict=True))
    state = robot.read(12.7)
    assert state.enabled
    assert not state.fault
    np.testing.assert_array_equal(state.position, SPEC.park)


@needs_client
def test_the_newest_command_replaces_those_that_wait(robot, gateway):
    gateway.silent = True
    start = time.monotonic()
    for k in range(500):
        robot.write(command(SPEC.neutral, float(k)), 0.0)
    assert time.monotonic() - start < 1.0
    gateway.silent = False
    stamps = []
    while not stamps or stamps[-1] != 499.0:
        stamps.append(gateway.posts.get(timeout=TIMEOUT_S)['message']['stamp_s'])
    assert len(stamps) < 250


@needs_client
def test_a_lost_connection_is_made_again(robot, gateway):
    robot.write(command(SPEC.neutral), 0.0)
    gateway.posts.get(timeout=TIMEOUT_S)
    gateway.hang_up()

    def arrives():
        robot.write(command(SPEC.park, 77.0), 0.0)
        try:
            return gateway.posts.get_nowait()['message']['stamp_s'] == 77.0
        except queue.Empty:
            return False
    wait_for(arrives)
    wait_for(lambda: robot.read(0.0).enabled)


@needs_client
def test_a_lost_connection_is_visible(robot, gateway):
    gateway.close()

    def lost():
        robot.write(command(SPEC.neutral), 0.0)
        return not robot.read(0.0).enabled
    wait_for(lost)
    assert robot.read(0.0).fault


@needs_client
def test_a_refused_token_is_an_error_that_does_not_show_it(gateway, tmp_path):
    (tmp_path / 'token').write_text('wrong-but-secret\n')
    options = {'url': gateway.url, 'timeout_s': 0.5, 'token_file': str(tmp_path / 'token')}
    with pytest.raises(RobotError, match='no Tritium at') as caught:
        load('hardware', 'tritium', options, SPEC).connect()
    assert 'wrong-but-secret' not in str(caught.value)


@needs_client
def test_an_absent_robot_is_a_clear_error(monkeypatch):
    monkeypatch.setenv(tritium.TOKEN_VARIABLE, TOKEN)
    options = {'url': 'ws://127.0.0.1:9', 'timeout_s': 0.5}
    with pytest.raises(RobotError, match='ws://127.0.0.1:9'):
        load('hardware', 'tritium', options, SPEC).connect()


def test_without_a_token_the_error_says_where_to_put_it(monkeypatch, tmp_path):
    monkeypatch.delenv(tritium.TOKEN_VARIABLE, raising=False)
    with pytest.raises(RobotError, match=tritium.TOKEN_VARIABLE):
        load('hardware', 'tritium', {}, SPEC).connect()
    with pytest.raises(RobotError, match='cannot read the token'):
        load('hardware', 'tritium', {'token_file': str(tmp_path / 'absent')}, SPEC).connect()


def test_without_the_client_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setenv(tritium.TOKEN_VARIABLE, TOKEN)
    monkeypatch.setattr(tritium, 'CLIENT', 'a_client_that_nobody_has')
    with pytest.raises(RobotError, match='pip install tritium-remote'):
        load('hardware', 'tritium', {}, SPEC).connect()


def test_the_token_is_no_option():
    with pytest.raises(ValueError, match='unknown option'):
        load('hardware', 'tritium', {'token': TOKEN}, SPEC)
