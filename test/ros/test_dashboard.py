"""The dashboard in a real browser beside real nodes."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')
pytest.importorskip('nicegui', reason='NiceGUI is not installed')


import os
import signal
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
import rclpy
from helpers.browser import Address, Page, chromium
from helpers.live_runs import child
from helpers.ros_helpers import Observer, Process, Processes
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import GetParameters, SetParameters
from ros_animate.msg import Command
from std_msgs.msg import Bool

from ros_animate.images import write_image
from ros_animate.nodes.bags import BagReader
from ros_animate.nodes.messages import Joints
from ros_animate.nodes.qos import LATCHED
from ros_animate.plugins import load
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
JOINTS = Joints.of(SPEC)
YAW = SPEC.index('Head Yaw')
NAMESPACE = 'page'
HARDWARE = {'robot': 'mock', 'view_rate_hz': 8.0}
NODES = {'camera': {'plugin': 'demo', 'fps': 8.0, 'size': 240, 'loop': True},
         'animation': {'background': True}, 'hardware': HARDWARE}


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
        self.pages, self.dashboards = [], []
        self.nodes = self._start('camera', 'motion', 'animation', 'policy', 'smoothing')
        self.hardware = self.start_hardware()
        self.url = Address(self.start_dashboard()).wait()

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
        process = Process(
            ['-m', 'ros_animate.dashboard.server', '--namespace', NAMESPACE, '--folder',
             str(self.folder), *arguments],
            {**self.environment, 'ROS_HOME': str(self.folder)},
            self.folder / f'dashboard{len(self.dashboards)}.log')
        self.dashboards.append(process)
        return process

    def set(self, node, name, value):
        """Sets a number as another tool does."""
        parameter = Parameter(name=name, value=ParameterValue(
            type=ParameterType.PARAMETER_DOUBLE, double_value=value))
        self.observer.call(SetParameters, f'/{NAMESPACE}/{node}/set_parameters',
                           SetParameters.Request(parameters=[parameter]))

    def open(self, url=None, **size):
        """A page in a browser with a profile of its own."""
        self.pages.append(Page(self.browser, url or self.url, **size))
        return self.pages[-1]

    def wait(self, predicate, what=''):
        return self.observer.wait_for(predicate, what)

    def newest(self):
        """(N,) the newest command in the robot's units."""
        return JOINTS.command_from_message(self.commands[-1]).position

    def close(self):
        for dashboard in self.dashboards:
            dashboard.stop()
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


def value_of(pipeline, node, name):
    """A number among the parameters of a node."""
    response = pipeline.observer.call(GetParameters, f'/{NAMESPACE}/{node}/get_parameters',
                                      GetParameters.Request(names=[name]))
    return response.values[0].double_value


def shows(page, mark, value):
    """Waits until a slider shows a value."""
    page.wait_for(f"document.querySelector('[data-mark=\"{mark}\"]')"
                  f"?.getAttribute('aria-valuenow') == {value}")


def chip(page, text):
    """Waits until the state of the safety layer has a text."""
    page.wait_for(f"document.getElementById('safety')?.textContent.includes('{text}')")


@pytest.mark.slow
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


@pytest.mark.slow
def test_no_thread_beside_the_commands_waits_for_idle_time_with_the_lock_of_python(pipeline, page):
    page.wait_for_images('animated')
    tasks = [int(task) for task in os.listdir(f'/proc/{pipeline.nodes.pid}/task')]
    assert len(tasks) > 5
    assert {os.sched_getscheduler(task) for task in tasks} == {os.SCHED_OTHER}


@pytest.mark.slow
def test_a_slider_changes_the_parameter_for_everybody(pipeline, page):
    second = pipeline.open(width=390, height=844)
    for window in (page, second):
        shows(window, 'policy.mouth', 1)
    track = page.page.locator('[data-mark="policy.mouth"] .q-slider__track-container')
    track.focus()
    for _ in range(3):
        track.press('ArrowRight')
    shows(second, 'policy.mouth', 1.03)
    assert value_of(pipeline, 'policy', 'mouth') == pytest.approx(1.03)
    pipeline.set('policy', 'mouth', 1.0)  # by another tool
    shows(page, 'policy.mouth', 1)


@pytest.mark.slow
def test_a_hand_moves_the_robot_within_its_limits_and_gives_it_back(pipeline, page):
    chip(page, 'Following')
    page.marked('manual').click()
    pipeline.wait(lambda: pipeline.manual[-1:] == [True], 'the manual mode')
    slider = page.page.locator('[data-control="Head Yaw"]')
    page.wait_for("!document.querySelector('[data-control=\"Head Yaw\"]').disabled")
    since = len(pipeline.commands)
    slider.focus()
    slider.press('End')
    pipeline.wait(lambda: pipeline.newest()[YAW] == pytest.approx(SPEC.high[YAW], abs=0.2),
                  'the head at its limit')
    positions = np.array([JOINTS.command_from_message(m).position
                          for m in pipeline.commands[since:]])
    assert (positions <= SPEC.high + 1e-6).all() and (positions >= SPEC.low - 1e-6).all()
    page.page.locator('[data-mark="pose-name"]').fill('to the left')
    page.marked('pose-save').click()
    # The list is made anew with the pose, and a click in the moment before would be lost.
    page.page.get_by_role('button', name='to the left', exact=True).wait_for()
    page.page.get_by_role('button', name='neutral', exact=True).click()
    pipeline.wait(lambda: abs(pipeline.newest()[YAW]) < 0.2, 'the neutral pose')
    page.page.get_by_role('button', name='to the left', exact=True).click()
    pipeline.wait(lambda: pipeline.newest()[YAW] > SPEC.high[YAW] - 0.2, 'the saved pose')
    page.page.get_by_role('button', name='Delete to the left').click()
    page.marked('manual').click()
    pipeline.wait(lambda: pipeline.manual[-1] is False, 'the end of the manual mode')
    chip(page, 'Following')


@pytest.mark.slow
def test_calibration_answers(pipeline, page):
    page.marked('calibrate').click()
    page.wait_for_notice('this face is neutral now')


@pytest.mark.slow
def test_a_node_that_is_killed_shows_as_such_and_comes_back(pipeline, page):
    chip(page, 'Following')
    pipeline.hardware.stop(signal.SIGKILL)
    chip(page, 'does not answer')
    page.wait_for("document.querySelector('[data-stage=hardware]').className === 'bad'")
    page.page.keyboard.press('Space')
    page.page.get_by_text('EMERGENCY STOP NOT CONFIRMED').wait_for()
    pipeline.hardware = pipeline.start_hardware()
    chip(page, 'Following')
    page.page.keyboard.press('Space')
    pipeline.wait(lambda: pipeline.estopped[-1:] == [True], 'the emergency stop')
    page.page.get_by_role('button', name='Reset…').click()
    page.page.get_by_role('button', name='The robot may move').click()
    chip(page, 'Following')


@pytest.mark.slow
def test_images_come_back_after_the_process_that_makes_them_was_killed(pipeline, page):
    page.wait_for_images('camera', 'animated', 'robot')
    os.kill(child(pipeline.dashboards[0], 'preview_process'), signal.SIGKILL)
    page.wait_for_images('camera', 'animated', 'robot')
    pipeline.wait(lambda: child(pipeline.dashboards[0], 'preview_process'), 'another process')
    page.wait_for_images('camera', 'animated', 'robot')


@pytest.mark.slow
def test_without_the_token_nothing_is_served(pipeline, page):
    address = Address(pipeline.start_dashboard('--host', '0.0.0.0')).wait()
    port = urllib.parse.urlsplit(address).port
    base = f'http://127.0.0.1:{port}'
    for path in ('/', '/live', '/api/estop', '/static/live.js', '/?token=wrong'):
        with pytest.raises(urllib.error.HTTPError, match='401'):
            urllib.request.urlopen(base + path)
    stranger = pipeline.open(base)
    assert 'needs its token' in stranger.page.content()
    refused = stranger.page.evaluate(
        'new Promise((done) => { const s = new WebSocket(`ws://${location.host}/live`);'
        ' s.onopen = () => done(false); s.onclose = () => done(true); })')
    assert refused
    stranger.page.goto(f'{base}/?{urllib.parse.urlsplit(address).query}')
    assert 'token' not in stranger.page.url
    stranger.wait_for_images('camera')


@pytest.mark.slow
def test_another_portrait_and_a_recording(pipeline, page, tmp_path):
    page.wait_for_images('animated')
    image = tmp_path / 'portrait.png'
    write_image(image, load('hardware', 'mock', {'size': 300, 'view_cm': 30.0}, SPEC).render())
    uploader = page.page.locator('.q-uploader').filter(has_text='Drop an image')
    uploader.locator('input[type=file]').set_input_files(image)
    page.wait_for_notice('animation portrait: ')
    noise = tmp_path / 'noise.png'
    write_image(noise, np.zeros((64, 64, 3), np.uint8))
    uploader.locator('input[type=file]').set_input_files(noise)
    page.wait_for_notice('no face found in the source image')
    page.wait_for_images('animated')
    page.marked('record').click()
    page.page.get_by_text('Stop recording').wait_for()
    node = pipeline.observer.node
    pipeline.wait(lambda: 'record' in node.get_node_names() and any(
        topic.endswith('/commands') for topic, _ in
        node.get_subscriber_names_and_types_by_node('record', f'/{NAMESPACE}')), 'the recorder')
    count = len(pipeline.commands)
    pipeline.wait(lambda: len(pipeline.commands) > count + 60, 'commands to record')
    page.marked('record').click()
    page.wait_for_notice('recorded ')
    bag, = (pipeline.folder / 'bags').glob('2*')
    with BagReader(bag) as reader:
        assert reader.count > 0
