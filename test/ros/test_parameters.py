"""Parameters of the nodes: declared from the dataclasses, refused by name."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import dataclasses

import rclpy
from rcl_interfaces.msg import ParameterType
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from ros_animate.configuration import ConfigurationError
from ros_animate.nodes.animation_node import AnimationNode
from ros_animate.nodes.camera_node import CameraNode
from ros_animate.nodes.hardware_node import HardwareNode
from ros_animate.nodes.motion_node import MotionNode
from ros_animate.nodes.parameters import declare
from ros_animate.nodes.policy_node import PolicyNode
from ros_animate.nodes.smoothing_node import SmoothingNode
from ros_animate.plugins import STAGES, available, find

NODES = {node.stage: node for node in (CameraNode, MotionNode, AnimationNode, PolicyNode,
                                       SmoothingNode, HardwareNode)}
PLUGINS = [(stage, name) for stage in STAGES for name in available(stage)]
TYPES = {bool: ParameterType.PARAMETER_BOOL, int: ParameterType.PARAMETER_INTEGER,
         float: ParameterType.PARAMETER_DOUBLE, str: ParameterType.PARAMETER_STRING}


@pytest.fixture
def make_node(environment):
    """Function: (name, parameters) to a plain node that was started with them."""
    context = Context()
    rclpy.init(context=context, domain_id=int(environment['ROS_DOMAIN_ID']))
    nodes = []

    def make(name, parameters):
        nodes.append(Node(name, context=context, parameter_overrides=[
            Parameter(key, value=value) for key, value in parameters.items()],
            automatically_declare_parameters_from_overrides=True))
        return nodes[-1]
    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)


def declared(make_node, stage, **parameters):
    node = make_node(stage, parameters)
    cls = NODES[stage]
    return node, declare(node, stage, cls.Options, with_robot=cls.with_robot)


def test_every_stage_has_a_node():
    assert set(NODES) == set(STAGES)


@pytest.mark.parametrize('stage, name', PLUGINS)
def test_every_option_of_every_plugin_is_a_parameter(make_node, stage, name):
    node, parameters = declared(make_node, stage, plugin=name)
    config = {f.name: f for f in dataclasses.fields(find(stage, name).Config)}
    own = {f.name for f in dataclasses.fields(NODES[stage].Options)}
    assert not own & set(config), 'an option of the node hides one of the plug-in'
    assert not {'plugin', 'robot', 'use_sim_time'} & set(config)
    for field in config.values():
        value = getattr(parameters.config, field.name)
        if type(value) not in TYPES:
            continue
        descriptor = node.describe_parameter(field.name)
        assert node.get_parameter(field.name).value == value
        assert descriptor.type == TYPES[type(value)]
        assert descriptor.description == field.metadata['help']
        changeable = getattr(find(stage, name), 'changeable', ())
        assert descriptor.read_only == (field.name not in changeable)


def test_bounds_and_choices_are_described(make_node):
    node, _ = declared(make_node, 'hardware')
    rate = node.describe_parameter('rate_hz').floating_point_range[0]
    assert (rate.from_value, rate.to_value) == (1.0, 1000.0)
    pose = node.describe_parameter('shutdown_pose')
    assert pose.additional_constraints == 'one of: park, neutral'


def test_an_integer_is_good_for_a_float(make_node):
    node, parameters = declared(make_node, 'hardware', rate_hz=100, neutral_after_s=1)
    assert parameters.options.rate_hz == 100.0 and parameters.options.neutral_after_s == 1.0
    assert node.get_parameter('rate_hz').type_ == Parameter.Type.DOUBLE


def test_parameters_hold_to_the_end(make_node):
    node, _ = declared(make_node, 'hardware')
    result = node.set_parameters([Parameter('rate_hz', value=10.0)])[0]
    assert not result.successful and 'read-only' in result.reason


def test_the_robot_names_its_transport(make_node):
    _, parameters = declared(make_node, 'hardware', robot='ameca')
    assert parameters.plugin == parameters.spec.transport


@pytest.mark.parametrize('stage, parameters, complaint', [
    ('motion', {'plugin': 'mediapip'}, "'mediapip'.*did you mean 'mediapipe'"),
    ('motion', {'no_such': 1}, "motion .*'no_such'"),
    ('motion', {'image_transport': 'theora'}, "image_transport.*'theora'"),
    ('hardware', {'rate_hz': 0.0}, 'rate_hz.*outside'),
    ('hardware', {'rate_hz': 'fast'}, "rate_hz.*expected float, got 'fast'"),
    ('hardware', {'robot': 'amica'}, "'amica'.*mock"),
    ('policy', {'robot': 3}, 'robot.*expected str'),
    ('smoothing', {'points': 1}, 'points.*outside'),
    ('smoothing', {'knot_s.deep': 1}, 'knot_s'),
    ('camera', {'plugin': 'video', 'wait_for': ['nobody']}, "'nobody'"),
])
def test_wrong_parameters_are_refused_by_name(make_node, stage, parameters, complaint):
    with pytest.raises(ConfigurationError, match=complaint):
        declared(make_node, stage, **parameters)


@pytest.mark.parametrize('module, parameters', [
    ('policy_node', {'policy': {'no_such_parameter': 3}}),
    ('composed_node', {'smoothing': {'no_such_parameter': 3}}),
    ('record_node', {'record': {'bag': 'b', 'no_such_parameter': 3}}),
    ('replay_node', {'replay': {'bag': 'b', 'no_such_parameter': 3}})])
def test_a_node_that_refuses_ends_with_one_line(processes, module, parameters):
    node = processes.start(module, parameters)
    assert node.wait() == 2
    lines = [line for line in node.output().splitlines() if 'error' in line.lower()]
    assert len(lines) == 1 and lines[0].startswith('ros_animate: error: ')
    assert 'no_such_parameter' in lines[0] and 'Traceback' not in node.output()
