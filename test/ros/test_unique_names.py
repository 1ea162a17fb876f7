"""Two nodes of one name in a ROS domain: the second refuses, unless the first is dead."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import os
import signal

import rclpy
from helpers.ros_helpers import Process
from rclpy.context import Context

from ros_animate.errors import UserError
from ros_animate.nodes.graph import node_names
from ros_animate.nodes.name_claim import require_free
from ros_animate.nodes.spinner import Spinner
from ros_animate.nodes.unique_names import require_unique


def publishes(observer, name, namespace=''):
    """True if the node /namespace/smoothing is in the graph."""
    return any(info.node_name == name and info.node_namespace == (namespace or '/')
               for info in observer.node.get_publishers_info_by_topic(
                   f'{namespace}/joint_trajectory'))


def test_a_second_node_refuses_with_the_remedy(processes, observer, environment):
    processes.start('smoothing_node')
    observer.wait_for(lambda: publishes(observer, 'smoothing'), 'the first node')
    with pytest.raises(UserError, match='/smoothing'):
        require_free(environment, ['/hardware', '/smoothing'])
    second = processes.start('smoothing_node')
    assert second.wait() == 2
    assert second.output().count('\n') == 1
    for part in ('/smoothing', '--namespace', 'ROS_DOMAIN_ID'):
        assert part in second.output()
    processes.start('smoothing_node', namespace='/left')
    observer.wait_for(lambda: publishes(observer, 'smoothing', '/left'), 'one of another name')


def test_a_killed_node_does_not_keep_its_name(processes, observer):
    first = processes.start('smoothing_node')
    observer.wait_for(lambda: publishes(observer, 'smoothing'), 'the first node')
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    status = observer.diagnostics()
    processes.start('smoothing_node')
    observer.wait_for(lambda: status('smoothing')[0] is not None, 'the second node at work')


@pytest.fixture
def make_node(environment):
    """Function: name to a node with a context of its own, as if on another machine."""
    contexts, nodes = [], []

    def make(name):
        contexts.append(Context())
        rclpy.init(context=contexts[-1], domain_id=int(environment['ROS_DOMAIN_ID']))
        nodes.append(rclpy.create_node(name, context=contexts[-1]))
        return nodes[-1]
    yield make
    for node in nodes:
        node.destroy_node()
    for context in contexts:
        rclpy.shutdown(context=context)


def test_a_node_of_another_package_or_machine_counts_if_it_answers(make_node, observer):
    ours, other = make_node('smoothing'), make_node('smoothing')
    observer.wait_for(lambda: '/smoothing' in node_names(ours), 'discovery')
    require_unique([ours], 0.0)  # a node that was killed stays in the graph, and is silent
    spinner = Spinner(other)
    try:
        with pytest.raises(UserError, match='--namespace'):
            require_unique([ours], 0.0)
    finally:
        spinner.end()


@pytest.mark.parametrize('changes, complaint', [
    ({'ROS_DOMAIN_ID': '300'}, "ROS_DOMAIN_ID is '300'"),
    ({'ROS_DOMAIN_ID': 'x'}, "ROS_DOMAIN_ID is 'x'")])
def test_a_wrong_environment_is_one_line(environment, tmp_path, changes, complaint):
    node = Process(['-m', 'ros_animate.nodes.smoothing_node'], {**environment, **changes},
                   tmp_path / 'node.log')
    assert node.wait() == 2
    assert node.output().count('\n') == 1 and complaint in node.output()
