"""Expressions by topic, above the imitation; idle life while nobody is in sight; real nodes."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import numpy as np
from helpers.message_packages import message_environment, use_messages
from helpers.ros_helpers import Processes
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from ros_animate.msg import Command
from std_msgs.msg import String

from ros_animate.face.expressions import read_expressions
from ros_animate.nodes.messages import Joints
from ros_animate.policy.rig_map import RigMap
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
SMILE, JAW, LIDS, YAW = (SPEC.index(n) for n in (
    'Lip Corner Raise Left', 'Jaw Pitch', 'Eyelid Upper Left', 'Head Yaw'))
WARN, RED, DARK = 1, (255, 120, 120), (0, 0, 0)
HAPPY = RigMap(SPEC).position(read_expressions().named('happy').shapes)
QUICK = {'expression_s': 1.0, 'blend_s': 0.2, 'idle_after_s': 0.6, 'adapt_s': 0.0}
STAGES = {'motion': {'plugin': 'brightness'}, 'policy': QUICK,
          'hardware': {'stale_s': 0.3, 'neutral_after_s': 0.6, 'neutral_s': 0.2,
                       'takeover_s': 0.1}}


def position(commands):
    return Joints.of(SPEC).command_from_message(commands[-1]).position


def smiles(commands):
    return np.allclose(position(commands)[[SMILE, JAW]], HAPPY[[SMILE, JAW]], atol=0.02)


def is_neutral(commands):
    return np.allclose(position(commands), SPEC.neutral, atol=1e-6)


def say(observer, publisher, message, happens, what):
    """Publishes again and again until something happens: a node may not have found us yet."""
    def happened():
        publisher.publish(message)
        return happens()
    observer.wait_for(happened, what)


def start(processes, observer, make_camera, namespace=''):
    """Starts all but camera and portrait; gives the camera and the commands."""
    commands = observer.listen(Command, 'commands')
    processes.start('composed_node', STAGES, arguments=['camera', 'animation'])
    camera = make_camera()
    camera.color = RED
    camera.run()
    observer.wait_for(lambda: commands and 1 - position(commands)[JAW] > 0.2, 'an open jaw')
    return camera, commands


def set_idle(observer, value):
    parameter = Parameter(name='idle', value=ParameterValue(type=1, bool_value=value))
    return observer.call(SetParameters, 'policy/set_parameters',
                         SetParameters.Request(parameters=[parameter])).results[0].successful


@pytest.mark.slow
def test_expressions_and_idle_life(processes, observer, make_camera):
    """One pipeline for all of it: a person, an expression, nobody, idle life, a person again."""
    camera, commands = start(processes, observer, make_camera)
    status = observer.diagnostics()
    names = observer.node.create_publisher(String, 'robot_face/expression_name', 10)
    say(observer, names, String(data='happy'), lambda: smiles(commands), 'a smile')
    observer.wait_for(lambda: 1 - position(commands)[JAW] > 0.2, 'the person again')
    say(observer, names, String(data='hapy'),
        lambda: "did you mean 'happy'" in status('policy')[1], 'a refusal')
    assert status('policy')[0] == WARN

    camera.color = DARK
    observer.wait_for(lambda: is_neutral(commands), 'neutral')
    say(observer, names, String(data='happy 1 2'), lambda: smiles(commands), 'a smile for nobody')
    observer.wait_for(lambda: is_neutral(commands), 'neutral again')

    before = len(commands)
    assert set_idle(observer, True)

    def lids():
        return [Joints.of(SPEC).command_from_message(m).position[LIDS] for m in commands[before:]]
    observer.wait_for(lambda: len(lids()) > 60 and min(lids()) < 0.4, 'a blink')
    observer.wait_for(lambda: abs(position(commands)[YAW]) > 0.2, 'a look to the side')
    velocities = np.abs([Joints.of(SPEC).command_from_message(m).velocity
                         for m in commands[before:]])
    assert (velocities <= SPEC.max_velocity * (1 + 1e-6)).all()
    camera.color = RED
    observer.wait_for(lambda: 1 - position(commands)[JAW] > 0.2, 'the person')
    camera.stop()
    observer.wait_for(lambda: is_neutral(commands), 'neutral without a camera, idle or not')


@pytest.mark.slow  # hri_msgs has to be built
def test_expressions_of_rep_155(environment, tmp_path, observer, make_camera):
    use_messages('hri_msgs')
    from hri_msgs.msg import Expression
    processes = Processes(message_environment(['hri_msgs'], environment), tmp_path)
    try:
        _, commands = start(processes, observer, make_camera)
        topic = observer.node.create_publisher(Expression, 'robot_face/expression', 10)
        say(observer, topic, Expression(expression='happy'), lambda: smiles(commands), 'a smile')
        observer.wait_for(lambda: 1 - position(commands)[JAW] > 0.2, 'the person again')
        say(observer, topic, Expression(valence=-0.7, arousal=-0.4),
            lambda: position(commands)[SMILE] < SPEC.neutral[SMILE] - 0.1, 'drooping corners')
    finally:
        processes.stop()
