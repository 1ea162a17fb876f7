"""Fixtures: nodes in processes of their own, on a ROS domain that no other test run uses."""
from __future__ import annotations

import fcntl
import os
import pathlib
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
# Above these the ports of a domain meet those that Linux gives to outgoing connections.
DOMAINS = range(20, 100)


@pytest.fixture(scope='session')
def domain():
    """A domain number that is ours until the end."""
    for number in DOMAINS:
        path = pathlib.Path(tempfile.gettempdir()) / f'ros_domain_{number}.lock'
        with path.open('w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield number
            return
    pytest.fail('no ROS domain is free')


@pytest.fixture(scope='session')
def environment(domain):
    """Environment variables of the tests' processes."""
    from ros_animate.runtime.environment import node_environment
    plugins = os.pathsep.join(filter(None, [str(HERE / 'plugins'), os.environ.get('PYTHONPATH')]))
    environment = node_environment({
        **os.environ, 'PYTHONPATH': plugins, 'ROS_DOMAIN_ID': str(domain),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'RCUTILS_COLORIZED_OUTPUT': '0'})
    # The tests' own participants live under the same conditions.
    os.environ.update({key: environment[key] for key in (
        'ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'FASTRTPS_DEFAULT_PROFILES_FILE')})
    return environment


@pytest.fixture
def processes(environment, tmp_path):
    """Starts nodes, ends them after the test."""
    from helpers.ros_helpers import Processes
    processes = Processes(environment, tmp_path)
    yield processes
    processes.stop()


@pytest.fixture
def observer(environment):
    """A node of the test."""
    import rclpy
    from rclpy.context import Context

    from helpers.ros_helpers import Observer
    context = Context()
    rclpy.init(context=context, domain_id=int(environment['ROS_DOMAIN_ID']))
    observer = Observer(context)
    yield observer
    observer.close()
    rclpy.shutdown(context=context)


@pytest.fixture
def make_camera(observer):
    """Function: topic to a camera driver of another package."""
    from helpers.ros_helpers import Camera
    return lambda topic='image_raw': Camera(observer, topic)
