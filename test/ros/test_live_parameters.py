"""Options that may change while a node runs: checked as at the start, used for the next frame."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from ros_animate.msg import ActionChunk, Motion
from std_msgs.msg import Header

from ros_animate.nodes.messages import Joints
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
JOINTS = Joints.of(SPEC)
JAW = SPEC.index('Jaw Pitch')


@pytest.fixture
def policy(processes, observer):
    """Function: opening of the jaw that the policy predicts for an open mouth."""
    observer.process = processes.start('policy_node', {'policy': {'adapt_s': 0.0}})
    chunks = observer.listen(ActionChunk, 'actions')
    publisher = observer.node.create_publisher(Motion, 'motion', 10)
    observer.wait_for_subscribers('motion')

    def opening():
        stamp = observer.node.get_clock().now().to_msg()
        message = Motion(header=Header(stamp=stamp), model='test', confidence=1.0,
                         expression_names=['jawOpen'], expression_values=[0.4])

        def answer():
            publisher.publish(message)
            return next((m for m in chunks if m.header.stamp == stamp), None)
        values = JOINTS.chunk_from_message(observer.wait_for(answer)).values
        return 1.0 - values[0, JAW]
    return opening


def set_parameters(observer, **values):
    """The result of each change."""
    parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
    return observer.call(SetParameters, 'policy/set_parameters',
                         SetParameters.Request(parameters=parameters)).results


def test_gains_change_the_next_frame(policy, observer):
    before = policy()
    assert before > 0.1
    assert all(r.successful for r in set_parameters(observer, mouth=0.5))
    assert policy() == pytest.approx(0.5 * before)
    # An integer is good for a float, as at the start.
    assert all(r.successful for r in set_parameters(observer, mouth=1, gain=0.25))
    assert policy() == pytest.approx(0.25 * before)


def test_wrong_values_change_nothing_and_are_named(policy, observer):
    before = policy()
    for name, value in (('mouth', 3.5), ('mouth', float('nan')), ('mouth', 'much'),
                        ('plugin', 'bc_z'), ('robot', 'ameca'), ('silence_s', 2.0)):
        result, = set_parameters(observer, **{name: value})
        assert not result.successful and name in result.reason, name
    both = [Parameter('gain', value=0.5).to_parameter_msg(),
            Parameter('adapt_limit', value=7.0).to_parameter_msg()]
    answer = observer.call(SetParametersAtomically, 'policy/set_parameters_atomically',
                           SetParametersAtomically.Request(parameters=both))
    assert not answer.result.successful
    assert policy() == pytest.approx(before)
    assert observer.process.is_running()
