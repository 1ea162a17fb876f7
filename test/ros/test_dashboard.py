"""The dashboard in a real browser beside real nodes."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')
pytest.importorskip('nicegui', reason='NiceGUI is not installed')


import numpy as np
import rclpy
from helpers.browser import Address, Page, chromium
from helpers.ros_helpers import Observer, Process, Processes
from ros_animate.msg import Command
from std_msgs.msg import Bool

from ros_animate.nodes.messages import Joints
from ros_animate.nodes.qos import LATCHED
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
JOINTS = Joints.of(SPEC)
YAW = SPEC.index('Head Yaw')
NAMESPACE = 'page'
HARDWARE = {'robot': 'mock', 'view_rate_hz': 8.0}
NODES = {'camera': {'plugin': 'demo', 'fps': 8.0, 'size': 240, 'loop': True},
         'hardware': HARDWARE}


class Pipeline:
    """Nodes, dashboard and browser, shared by the tests of this file."""

    def __init__(self, environment, folder, browser):
        self.environment, self.folder, self.browser = environment, folder, browser
        self.processes = Processes(environment, folder)
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=int(environment['ROS_DOMAIN_ID']))
        self.observer = Observer(self.context)
        self.estopped = self._latched('estopped')
        self.manual = self._latched('manual')
        self.commands = self.observer.listen(Command, f'/{NAMESPACE}/commands')
        self.pages = []
        self.nodes = self._start('camera', 'motion', 'animation', 'policy', 'smoothing')
        self.hardware = self.start_hardware()
        self.dashboard = self.start_dashboard()
        self.url = Address(self.dashboard).wait()

    def _latched(self, name):
        messages = []
        self.observer.node.create_subscription(
            Bool, f'/{NAMESPACE}/hardware/{name}', lambda m: messages.append(m.data), LATCHED)
        return messages

    def _start(self, *stages):
        parameters = {stage: {**NODES.get(stage, {})} for stage in stages}
        if 'hardware' in stages:
            parameters['hardware']['estop_file'] = str(self.folder / 'estop')
        without = [s for s in ('camera', 'motion', 'animation', 'policy', 'smoothing', 'hardware')
                   if s not in stages]
        return self.processes.start('composed_node', parameters, namespace=f'/{NAMESPACE}',
                                    arguments=without)

    def start_hardware(self):
        return self._start('hardware')

    def start_dashboard(self, *arguments):
        return Process(['-m', 'ros_animate.dashboard.server', '--namespace', NAMESPACE, *arguments],
                       self.environment, self.folder / f'dashboard{len(arguments)}.log')

    def open(self, **size):
        """A page in a browser with a profile of its own."""
        self.pages.append(Page(self.browser, self.url, **size))
        return self.pages[-1]

    def wait(self, predicate, what=''):
        return self.observer.wait_for(predicate, what)

    def newest(self):
        """(N,) the newest command in the robot's units."""
        return JOINTS.command_from_message(self.commands[-1]).position

    def close(self):
        self.dashboard.stop()
        self.processes.stop()
        self.observer.close()
        rclpy.shutdown(context=self.context)


@pytest.fixture(scope='module')
def pipeline(environment, tmp_path_factory):
    with chromium() as browser:
        pipeline = Pipeline(environment, tmp_path_factory.mktemp('dashboard'), browser)
        yield pipeline
        pipeline.close()


@pytest.fixture
def page(pipeline):
    """A page; all that a test opened is closed after it, and the robot follows again."""
    yield pipeline.open()
    for page in pipeline.pages:
        assert not page.errors
        page.close()
    pipeline.pages.clear()


def chip(page, text):
    """Waits until the state of the safety layer has a text."""
    page.wait_for(f"document.getElementById('safety')?.textContent.includes('{text}')")


def test_images_move_and_the_emergency_stop_stays_over_a_reload(pipeline, page):
    page.wait_for_images('camera', 'animated', 'robot')
    chip(page, 'Following')
    page.page.click('#estop')
    pipeline.wait(lambda: pipeline.estopped[-1:] == [True], 'the emergency stop')
    page.page.reload()
    chip(page, 'EMERGENCY STOP')
    count = len(pipeline.commands)
    pipeline.wait(lambda: len(pipeline.commands) > count + 30, 'commands')
    positions = [JOINTS.command_from_message(m).position for m in pipeline.commands[count + 5:]]
    assert np.ptp(positions, axis=0).max() == 0.0
    page.page.get_by_role('button', name='Reset…').click()
    page.page.get_by_role('button', name='The robot may move').click()
    pipeline.wait(lambda: pipeline.estopped[-1] is False, 'the end of the emergency stop')
    chip(page, 'Following')
