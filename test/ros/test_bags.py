"""Bags: recorded by us or by others, replayed to the same commands."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import itertools
import pathlib

import numpy as np
from helpers.recorded_motion import PERIOD_NS, START_NS, motion
from helpers.ros_helpers import stamp_of
from hypothesis import given
from hypothesis import strategies as st
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from ros_animate.msg import ActionChunk, Command, Motion
from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String

from ros_animate.cli import main
from ros_animate.errors import UserError
from ros_animate.nodes.bags import BagReader, BagWriter, typestore
from ros_animate.nodes.messages import Joints, seconds
from ros_animate.nodes.qos import LATCHED
from ros_animate.nodes.replay_node import restamped
from ros_animate.nodes.topics import TOPICS
from ros_animate.robot.descriptions import load_spec

JOINTS = Joints.of(load_spec('mock'))
JAW = load_spec('mock').index('Jaw Pitch')
RED = (255, 120, 120)
STORAGES = ['mcap', 'sqlite3']


@pytest.fixture
def make_bag(tmp_path):
    """Function: (topic, type, messages) to a bag made by rosbags alone, as others make it."""
    def make(topic, type_name, messages, storage='mcap', name='bag'):
        store, path = typestore(), tmp_path / name
        plugin = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}[storage]
        with Writer(path, version=8, storage_plugin=plugin) as writer:
            connection = writer.add_connection(topic, type_name, typestore=store)
            for index, message in enumerate(messages):
                writer.write(connection, START_NS + index * PERIOD_NS, serialize_message(message))
        return path
    return make


def read(path, topic, kind):
    with BagReader(path, [topic]) as bag:
        return [deserialize_message(data, kind) for _, _, data in bag.messages()]


def test_our_types_have_the_hash_that_ros_gives_them(observer):
    for name, topic in TOPICS.items():
        observer.node.create_publisher(topic.message_class, f'{name.strip("/")}/typed', 1)
        info = observer.wait_for(lambda: observer.node.get_publishers_info_by_topic(
            f'/{name.strip("/")}/typed'))[0]  # noqa: B023
        assert str(info.topic_type_hash) == typestore().hash_rihs01(topic.type_name)


@pytest.mark.parametrize('storage', STORAGES)
def test_what_is_written_is_read(tmp_path, storage):
    messages = [motion(index) for index in range(5)]
    with BagWriter(tmp_path / 'bag', storage) as bag:
        for index, message in enumerate(messages):
            bag.write('/motion', 'ros_animate/msg/Motion', serialize_message(message),
                      START_NS + index * PERIOD_NS)
    assert read(tmp_path / 'bag', 'motion', Motion) == messages
    with BagReader(tmp_path / 'bag') as bag:
        assert (bag.count, bag.types) == (5, {'/motion': 'ros_animate/msg/Motion'})
        assert bag.end_ns - bag.start_ns >= 4 * PERIOD_NS


@pytest.mark.parametrize('name, found', [('motion', True), ('/motion', True), ('left/motion', True),
                                         ('otion', False), ('right/motion', False)])
def test_topics_are_named_with_or_without_namespace(make_bag, name, found):
    path = make_bag('/left/motion', 'ros_animate/msg/Motion', [motion(0)])
    if found:
        assert read(path, name, Motion) == [motion(0)]
    else:
        with pytest.raises(UserError, match='holds /left/motion'):
            BagReader(path, [name])


@pytest.mark.parametrize('make, complaint', [
    (lambda path: None, 'there is no bag'),
    (lambda path: path.mkdir(), 'cannot read the bag'),
    (lambda path: path.write_text('no bag'), 'cannot read the bag')])
def test_what_is_no_bag_is_named(tmp_path, make, complaint):
    path = tmp_path / 'nobag'
    make(path)
    with pytest.raises(UserError, match=f'{complaint}.*nobag'):
        BagReader(path)


def test_a_bag_is_not_overwritten(tmp_path):
    with BagWriter(tmp_path / 'bag'):
        pass
    with pytest.raises(UserError, match='cannot write the bag.*exists'):
        BagWriter(tmp_path / 'bag')


def test_a_message_of_another_version_is_refused(tmp_path):
    store = get_typestore(Stores.ROS2_JAZZY)
    from rosbags.typesys import get_types_from_msg
    store.register(get_types_from_msg('float64 x', 'ros_animate/msg/Motion'))
    with Writer(tmp_path / 'bag', version=9) as writer:
        connection = writer.add_connection('/motion', 'ros_animate/msg/Motion', typestore=store)
        writer.write(connection, 1, bytes(12))
    with pytest.raises(UserError, match='another version of ros_animate/msg/Motion'):
        BagReader(tmp_path / 'bag')


@given(st.integers(0, 2 ** 30), st.integers(0, 10 ** 9 - 1), st.integers(-10 ** 18, 10 ** 18))
def test_restamping_moves_the_stamp_and_nothing_else(sec, nanosec, shift_ns):
    message = JointState(name=['a'], position=[1.0])
    message.header.stamp.sec, message.header.stamp.nanosec = sec, nanosec
    wanted_ns = sec * 10 ** 9 + nanosec + shift_ns
    if not 0 <= wanted_ns < 2 ** 31 * 10 ** 9:
        return
    moved = deserialize_message(restamped(serialize_message(message), shift_ns), JointState)
    assert moved.header.stamp.sec * 10 ** 9 + moved.header.stamp.nanosec == wanted_ns
    assert (moved.name, moved.position) == (message.name, message.position)


def replay(processes, path, **options):
    return processes.start('replay_node', {'replay': {'bag': str(path), **options}})


@pytest.mark.parametrize('storage', STORAGES)
def test_messages_come_out_as_they_are_with_their_timing(processes, observer, make_bag, storage):
    messages = [motion(index) for index in range(20)]
    path = make_bag('/motion', 'ros_animate/msg/Motion', messages, storage)
    received, clocks = observer.listen(Motion, 'motion'), observer.listen(Clock, '/clock')
    observer.listen(CameraInfo, 'camera_info')
    node = replay(processes, path, rate=2.0, wait_for=['watch'])
    assert node.wait() == 0
    observer.wait_for(lambda: len(received) == 20, 'every message')
    assert received == messages
    times = np.array([c.clock.sec * 10 ** 9 + c.clock.nanosec for c in clocks])
    assert (np.diff(times) >= 0).all()
    assert times[0] >= START_NS and times[-1] == START_NS + 19 * PERIOD_NS


def write_latched(path, messages):
    """A bag with a latched text at the beginning, and motion after it."""
    forever = QosTime(2147483647, 4294967295)
    latched = Qos(QosHistory.KEEP_LAST, 1, QosReliability.RELIABLE, QosDurability.TRANSIENT_LOCAL,
                  forever, forever, QosLiveliness.AUTOMATIC, forever, False)
    images = latched._replace(durability=QosDurability.VOLATILE, depth=5,
                              reliability=QosReliability.BEST_EFFORT)
    with Writer(path, version=9) as writer:
        def add(topic, kind, profile):
            return writer.add_connection(topic, kind, typestore=typestore(),
                                         offered_qos_profiles=[profile])
        text = add('/robot_description', 'std_msgs/msg/String', latched)
        moved = add('/motion', 'ros_animate/msg/Motion', images)
        writer.write(text, START_NS, serialize_message(String(data='a robot')))
        for index, message in enumerate(messages):
            writer.write(moved, START_NS + index * PERIOD_NS, serialize_message(message))
    return path


def test_topics_are_offered_as_they_were_recorded(processes, observer, tmp_path):
    path = write_latched(tmp_path / 'bag', [motion(index) for index in range(20)])
    received = observer.listen(Motion, 'motion')
    replay(processes, path, loop=True)
    observer.wait_for(lambda: len(received) > 2)
    texts = []
    observer.node.create_subscription(String, '/robot_description', texts.append, LATCHED)
    observer.wait_for(lambda: texts, 'a message from before the subscription')
    profile = observer.node.get_publishers_info_by_topic('/motion')[0].qos_profile
    assert profile.reliability == ReliabilityPolicy.BEST_EFFORT
    assert profile.durability == DurabilityPolicy.VOLATILE


def test_a_bag_that_was_cut_off_is_replayed_as_far_as_it_goes(processes, observer, make_bag):
    path = make_bag('/motion', 'ros_animate/msg/Motion', [motion(index) for index in range(20)])
    (path / 'metadata.yaml').unlink()
    file = path / 'bag.mcap'
    file.write_bytes(file.read_bytes()[:-3000])
    received = observer.listen(Motion, 'motion')
    node = replay(processes, path, loop=True)
    observer.wait_for(lambda: received)
    assert node.stop() == 0
    assert 'incomplete (it has no metadata.yaml, bag.mcap has no end)' in node.output()


def test_every_topic_that_is_named_has_to_be_there(make_bag, capfd):
    path = make_bag('/motion', 'ros_animate/msg/Motion', [motion(0)])
    assert main(['replay', str(path), '--topics', 'motion', 'actions']) == 2
    assert 'no messages of actions; it holds /motion' in capfd.readouterr().err


def test_below_a_namespace(processes, observer, make_bag):
    path = make_bag('/motion', 'ros_animate/msg/Motion', [motion(index) for index in range(3)])
    received = observer.listen(Motion, 'left/motion')
    processes.start('replay_node', {'replay': {'bag': str(path), 'loop': True}},
                    namespace='/left')
    observer.wait_for(lambda: len(received) > 3, 'the second round')


def test_restamped_messages_are_taken_for_live_ones(processes, observer, make_bag):
    path = make_bag('/motion', 'ros_animate/msg/Motion', [motion(index) for index in range(60)])
    commands = observer.listen(Command, 'commands')
    processes.start('composed_node', {'policy': {'adapt_s': 0.0}}, arguments=['camera', 'motion'])
    observer.wait_for(lambda: commands)
    processes.start('replay_node', {'replay': {
        'bag': str(path), 'restamp': True, 'loop': True, 'wait_for': ['policy', 'hardware']}})
    observer.wait_for(lambda: JOINTS.command_from_message(commands[-1]).position[JAW] < 0.8)


def test_a_bag_without_the_topics_is_refused(processes, make_bag):
    path = make_bag('/motion', 'ros_animate/msg/Motion', [motion(0)])
    node = replay(processes, path, topics=['actions'])
    assert node.wait() == 2
    assert 'has no messages of actions; it holds /motion' in node.output()


@pytest.mark.slow
def test_a_recorded_run_replays_to_the_same_commands(processes, observer, make_camera, tmp_path):
    """The motion of a live run, replayed: actions are the same to the last bit, commands follow."""
    first, second = tmp_path / 'first', tmp_path / 'second'
    stages = {'motion': {'plugin': 'brightness'}, 'policy': {'adapt_s': 0.0}}
    commands = observer.listen(Command, 'commands')
    live = processes.start('composed_node', stages, arguments=['camera'])
    record = processes.start('record_node', {'record': {'bag': str(first)}})
    observer.wait_for_subscribers('joint_states')
    observer.wait_for_subscribers('image_raw', 2)
    camera = make_camera()
    # So slow that the delays of a busy machine do not matter.
    phases = itertools.count(step=2 * np.pi * 0.04 / 4.0)

    def publish():
        camera.publish((round(165 - 85 * np.cos(next(phases))), 80, 80))
    timer = observer.node.create_timer(0.04, publish)
    observer.wait_for(lambda: len({stamp_of(m) for m in commands}) > 100)
    observer.node.destroy_timer(timer)
    assert live.stop() == 0 and record.stop() == 0
    simulated = {stage: {**stages.get(stage, {}), 'use_sim_time': True}
                 for stage in ('policy', 'smoothing', 'hardware')}
    processes.start('composed_node', simulated, arguments=['camera', 'motion', 'animation'])
    again = processes.start('record_node', {'record': {'bag': str(second), 'use_sim_time': True}})
    player = replay(processes, first, topics=['motion'],
                    wait_for=['policy', 'smoothing', 'hardware', 'record'])
    assert player.wait() == 0
    assert again.stop() == 0
    compare_actions(read(first, 'actions', ActionChunk), read(second, 'actions', ActionChunk))
    compare_commands(read(first, 'commands', Command), read(second, 'commands', Command))


def compare_actions(live, replayed):
    """What answers the same frame is the same; on a busy machine some frames have no answer."""
    before, after = ({stamp_of(m): m.positions for m in messages} for messages in (live, replayed))
    both = before.keys() & after.keys()
    assert len(both) >= 0.3 * len(before)
    assert all(before[stamp] == after[stamp] for stamp in both)


def compare_commands(live, replayed):
    """The jaw over time, where both have an answer."""
    curves = []
    for messages in (live, replayed):
        answers = [m for m in messages if stamp_of(m) != (0, 0)]
        times = np.array([seconds(m.sent) for m in answers])
        jaws = [JOINTS.command_from_message(m).position[JAW] for m in answers]
        curves.append((times, np.array(jaws)))
    start_s = max(times[0] for times, _ in curves) + 0.7
    end_s = min(times[-1] for times, _ in curves)
    grid = np.arange(start_s, end_s, 1 / 60)
    assert len(grid) > 30
    first, second = (np.interp(grid, times, jaws) for times, jaws in curves)
    assert np.ptp(first) > 0.2
    assert np.abs(first - second).mean() < 0.15 * np.ptp(first)


def test_default_topics_leave_out_the_robots_image(processes, observer, make_camera, tmp_path):
    record = processes.start('record_node', {'record': {
        'bag': str(tmp_path / 'bag'), 'storage': 'sqlite3'}})
    observer.wait_for_subscribers('image_raw')
    assert not observer.node.count_subscribers('robot/image_raw')
    assert not observer.node.count_subscribers('image_raw/compressed'), 'it would be encoded for it'
    camera = make_camera()
    camera.color = RED
    observer.wait_for(camera.has_subscribers)
    camera.run()
    observer.wait_for(lambda: len(camera.sent) > 20)
    assert record.stop() == 0
    images = read(tmp_path / 'bag', 'image_raw', Image)
    assert {stamp_of(m) for m in images} <= set(camera.sent) and len(images) > 5
    assert pathlib.Path(tmp_path / 'bag' / 'metadata.yaml').exists()


def test_a_remapping_of_the_camera_moves_its_compressed_topic_too(processes, observer, tmp_path):
    record = processes.start('record_node', {'record': {
        'bag': str(tmp_path / 'bag'), 'image_transport': 'compressed'}},
        remap=['image_raw:=/usb_cam/image_raw'])
    observer.wait_for_subscribers('/usb_cam/image_raw/compressed')
    observer.wait_for_subscribers('joint_states')
    assert not observer.node.count_subscribers('/usb_cam/image_raw')
    assert record.stop() == 0
