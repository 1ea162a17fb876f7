"""Several robots: shared motion nodes, and each robot as if it ran alone."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import json
import signal

import numpy as np
import yaml
from helpers.ros_helpers import Process, image_message, stamp_of
from ros_animate.msg import Command

from ros_animate.errors import ExitStatus
from ros_animate.nodes.messages import Joints
from ros_animate.robot.descriptions import load_spec

JOINTS = Joints.of(load_spec('mock'))
RED, PALE, BLUE = (255, 120, 120), (170, 120, 120), (0, 0, 255)
OWN = ['camera', 'motion', 'animation']


class Robots:
    """Robots with cameras of the test."""

    def __init__(self, processes, observer, make_camera, folder):
        self._processes, self._observer, self._make_camera = processes, observer, make_camera
        self._folder = folder
        self.commands, self.cameras, self.running = {}, {}, {}

    def add(self, name, color, without=('camera', 'animation')):
        """Starts the process of a robot; its camera shows one colour."""
        self.commands[name] = self._observer.listen(Command, f'/{name}/commands')
        self.start(name, without)
        self.cameras[name] = self._make_camera(f'/{name}/image_raw')
        self.cameras[name].color = color
        self.cameras[name].run(15.0)

    def start(self, name, without=('camera', 'animation')):
        self.running[name] = self._processes.start(
            'composed_node', {
                'motion': {'plugin': 'startled'},
                'policy': {'plugin': 'blendshape_map', 'adapt_s': 0.0},
                'hardware': {'estop_file': str(self._folder / f'{name}.estop')}},
            namespace=f'/{name}', arguments=without)

    def wait_for_answer(self, name, what):
        """Waits for a command that answers an image which is yet to come."""
        before = max(self.cameras[name].sent, default=(0, 0))
        self._observer.wait_for(lambda: stamp_of(self.commands[name][-1]) > before
                                if self.commands[name] else False, what)

    def position(self, name):
        """The position at which a robot has come to rest."""
        def settled():
            newest = [JOINTS.command_from_message(m) for m in self.commands[name][-10:]]
            return len(newest) == 10 and all(np.abs(c.velocity).max() < 1e-9 for c in newest)
        self._observer.wait_for(settled, f'rest of {name}')
        return JOINTS.command_from_message(self.commands[name][-1]).position


@pytest.mark.slow
def test_shared_nodes_serve_each_robot_as_if_it_were_alone(processes, observer, make_camera,
                                                           tmp_path):
    path = tmp_path / 'motion.yaml'
    path.write_text(yaml.safe_dump({
        '/left/motion': {'ros__parameters': {'plugin': 'startled'}},
        '/right/motion': {'ros__parameters': {'plugin': 'startled'}},
        '/wrong/motion': {'ros__parameters': {'plugin': 'absent'}}}))
    motion = processes.start('fleet_node', arguments=[
        'motion', '/left', '/right', '/wrong', '--ros-args', '--params-file', str(path)])
    robots = Robots(processes, observer, make_camera, tmp_path)
    robots.add('left', RED, OWN)
    robots.add('right', PALE, OWN)
    robots.add('alone', RED)
    for name in robots.commands:
        robots.wait_for_answer(name, f'an answer of {name}')
    assert "[ERROR] /wrong fails, the other robots go on: unknown motion plug-in 'absent'" in (
        motion.output())

    # The same commands as alone, and each robot those of its own camera.
    left, right, alone = (robots.position(name) for name in ('left', 'right', 'alone'))
    np.testing.assert_allclose(left, alone, atol=1e-6)
    assert np.abs(left - right).max() > 0.05

    # A bad image, and one at which the node fails: it is made anew, the other one goes on.
    status = observer.diagnostics()
    bad = image_message(RED, observer.node.get_clock().now().to_msg())
    bad.step = 1

    def rejected():
        robots.cameras['left']._publisher.publish(bad)
        return int(status('left/motion')[2].get('rejected', 0)) > 0
    observer.wait_for(rejected, 'the rejection of a bad image')
    robots.cameras['left'].color = BLUE
    failed = '[ERROR] /left fails, the other robots go on: RuntimeError: so blue'
    observer.wait_for(lambda: failed in motion.output(), 'the failure of a node')
    robots.wait_for_answer('right', 'an answer while the other node has failed')
    robots.cameras['left'].color = RED
    robots.wait_for_answer('left', 'an answer of the node that was made anew')

    # A robot's process is killed and started again: the other one is not disturbed.
    robots.running['left'].stop(signal.SIGKILL)
    answered = len(robots.commands['right'])
    robots.start('left', OWN)
    robots.wait_for_answer('left', 'an answer after the new start')
    sent = [stamp_of(m) for m in robots.commands['right'][answered:]]
    assert len(set(sent)) > 5 and sent == sorted(sent)
    np.testing.assert_allclose(robots.position('left'), alone, atol=1e-6)
    assert motion.is_running()
    assert motion.stop() == 0


@pytest.mark.slow
def test_the_command_runs_a_fleet_whose_robots_may_refuse(environment, tmp_path):
    fleet, report = tmp_path / 'fleet.yaml', tmp_path / 'report.json'
    fleet.write_text(yaml.safe_dump({
        'motion': 'brightness', 'animation': 'tint', 'policy': 'blendshape_map',
        'robots': [
            {'namespace': 'left', 'source': 'demo', 'camera': {'loop': True, 'fps': 10.0}},
            {'namespace': 'wrong', 'source': 'demo', 'smoothing': {'no_such_option': 1}}]}))
    run = Process(['-m', 'ros_animate', 'fleet', str(fleet), '--duration', '4', '--report',
                   str(report)], environment, tmp_path / 'fleet.log')
    assert run.wait() == ExitStatus.FAILURE, run.output()
    output = run.output()
    assert '/wrong cannot run, the others go on' in output and 'no_such_option' in output
    assert 'error: /wrong: could not run' in output
    assert '/left: ' in output and 'Traceback' not in output
    figures = json.loads(report.read_text())['robots']
    assert figures['/left']['frames'] > 10
    assert figures['/left']['latency_ms']['p95'] > 0
    assert {'motion', 'policy', 'hardware'} <= set(figures['/left']['stages_ms'])
