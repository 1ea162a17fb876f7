"""The launch files, really launched."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')
# The folder launch/ of the project would do for a bare `import launch`.
pytest.importorskip('launch.actions', reason='launch is not installed')
pytest.importorskip('launch_ros.actions', reason='launch_ros is not installed')

import os
import pathlib
import re
import signal
import sys

import yaml
from helpers.recorded_motion import PERIOD_NS, START_NS, motion
from helpers.ros_helpers import Process, stamp_of
from rclpy.serialization import serialize_message
from ros_animate.msg import ActionChunk, Command

from ros_animate.nodes.bags import BagReader, BagWriter

# A driver with two of the parameters of usb_cam.
DRIVER = """
import array, rclpy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node('driver', automatically_declare_parameters_from_overrides=True)
width, height = (node.get_parameter(f'image_{k}').value for k in ('width', 'height'))
images = node.create_publisher(Image, 'image_raw', 1)
def publish():
    message = Image(width=width, height=height, encoding='rgb8', step=3 * width,
                    data=array.array('B', [200]) * (3 * width * height))
    message.header.frame_id = node.get_parameter('frame_id').value
    message.header.stamp = node.get_clock().now().to_msg()
    images.publish(message)
node.create_timer(0.03, publish)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
    pass
"""
HELPERS = pathlib.Path(__file__).resolve().parents[1] / 'helpers'
LAUNCH = HELPERS.parents[1] / 'launch'
EXAMPLES = HELPERS.parents[1] / 'examples'
STAGES = ('motion', 'animation', 'policy', 'smoothing', 'hardware')


@pytest.fixture
def launch(environment, tmp_path):
    """Function: (file, arguments) to the launch that runs; it is ended with Ctrl-C."""
    running = []

    def start(name, **arguments):
        texts = [f'{key}:={value}' for key, value in arguments.items()]
        running.append(Process([str(HELPERS / 'run_launch.py'), str(LAUNCH / name), *texts],
                               {**environment, 'OVERRIDE_LAUNCH_PROCESS_OUTPUT_FORMAT': '{line}'},
                               tmp_path / f'launch{len(running)}.log'))
        return running[-1]
    yield start
    for process in running:
        process.stop(signal.SIGINT)


@pytest.fixture
def config(tmp_path):
    """A configuration with the quick plug-ins of the tests."""
    path = tmp_path / 'quick.yaml'
    path.write_text(yaml.safe_dump({'motion': {'plugin': 'brightness'},
                                    'animation': {'plugin': 'tint'}}))
    return path


def pid_of(log, executable):
    """Process numbers with which launch has started an executable."""
    return [int(n) for n in re.findall(rf'{executable}-\d+\]: process started with pid \[(\d+)\]',
                                       log)]


@pytest.mark.parametrize('composed', ['false', 'true'])
def test_the_whole_pipeline(launch, observer, make_camera, config, composed):
    commands = observer.listen(Command, 'left/commands')
    run = launch('retarget.launch.py', source='topic:/usb_cam/image_raw', namespace='left',
                 config=config, composed=composed)
    camera = make_camera('/usb_cam/image_raw')
    camera.run()
    observer.wait_for(lambda: commands and stamp_of(commands[-1]) in camera.sent, 'an answer')
    executables = ['composed_node'] if composed == 'true' else [f'{s}_node' for s in STAGES]
    assert all(len(pid_of(run.output(), e)) == 1 for e in executables)
    assert not pid_of(run.output(), 'camera_node')
    assert run.stop(signal.SIGINT) == 0
    assert 'Traceback' not in run.output()


@pytest.mark.parametrize('composed, killed', [('false', 'policy_node'), ('true', 'composed_node')])
def test_a_killed_node_is_started_again(launch, observer, make_camera, config, composed, killed):
    commands = observer.listen(Command, 'commands')
    run = launch('retarget.launch.py', source='topic:/image_raw', config=config, composed=composed)
    camera = make_camera()
    camera.run()
    observer.wait_for(lambda: commands and stamp_of(commands[-1]) in camera.sent, 'an answer')
    os.kill(pid_of(run.output(), killed)[0], signal.SIGKILL)
    observer.wait_for(lambda: len(pid_of(run.output(), killed)) == 2, f'a second {killed}')
    started = camera.sent[-1]
    observer.wait_for(lambda: stamp_of(commands[-1]) > started, 'answers again')


def test_a_run_is_recorded(launch, observer, make_camera, config, tmp_path):
    bag = tmp_path / 'bag'
    commands = observer.listen(Command, 'commands')
    run = launch('retarget.launch.py', source='topic:/image_raw', config=config, record=bag)
    observer.wait_for_subscribers('joint_states')
    camera = make_camera()
    camera.run()
    observer.wait_for(lambda: len({stamp_of(m) for m in commands}) > 20)
    assert run.stop(signal.SIGINT) == 0
    with BagReader(bag) as reader:
        assert {'/image_raw', '/motion', '/actions', '/commands'} <= set(reader.types)


@pytest.mark.parametrize('arguments, complaint', [
    ({'robot': 'amica'}, "unknown robot 'amica'"),
    ({'policy': 'bc'}, "unknown policy plug-in 'bc'"),
    ({'composed': 'perhaps'}, "composed: expected true or false, got 'perhaps'"),
    ({'source': 'missing.mp4'}, "no source 'missing.mp4'")])
def test_wrong_arguments_are_refused_by_name(launch, config, arguments, complaint):
    run = launch('retarget.launch.py', **{'config': config, 'source': 'demo', **arguments})
    assert run.wait() == 1
    assert complaint in run.output()


def test_a_node_that_refuses_its_parameters_ends_the_launch(launch, config, tmp_path):
    params = tmp_path / 'params.yaml'
    params.write_text(yaml.safe_dump({'/policy': {'ros__parameters': {'no_such_option': 1}}}))
    run = launch('retarget.launch.py', config=config, source='topic:/image_raw', params=params)
    run.wait()
    assert 'no_such_option' in run.output() and 'shutting down' in run.output()


def test_a_node_that_crashes_at_every_start_ends_the_launch(launch, config, tmp_path):
    config.write_text(yaml.safe_dump({'motion': {'plugin': 'brightness'},
                                      'animation': {'plugin': 'tint'},
                                      'policy': {'plugin': 'broken'}}))
    run = launch('retarget.launch.py', config=config, source='topic:/image_raw')
    run.wait()
    assert 'policy_node has crashed 4 times in a row' in run.output()
    assert 'RuntimeError: no weights' in run.output()


@pytest.fixture
def quick_parameters(tmp_path):
    """A ROS parameter file that selects the quick plug-ins of the tests in every namespace."""
    path = tmp_path / 'quick_params.yaml'
    path.write_text(yaml.safe_dump({
        '/**/motion': {'ros__parameters': {'plugin': 'brightness'}},
        '/**/animation': {'ros__parameters': {'plugin': 'tint'}}}))
    return path


def test_the_example_of_two_robots(launch, observer, make_camera, quick_parameters):
    commands = [observer.listen(Command, f'/{side}/commands') for side in ('left', 'right')]
    run = launch(EXAMPLES / 'two_robots.launch.py', source='topic:/usb_cam/image_raw',
                 params=quick_parameters)
    camera = make_camera('/usb_cam/image_raw')
    camera.run()
    observer.wait_for(lambda: all(m and stamp_of(m[-1]) in camera.sent for m in commands),
                      'answers of both robots')
    assert len(pid_of(run.output(), 'motion_node')) == 1
    assert run.stop(signal.SIGINT) == 0


def test_the_example_starts_the_driver_of_another_package(environment, launch, observer, config,
                                                          tmp_path, monkeypatch):
    prefix = tmp_path / 'prefix'
    marker = prefix / 'share/ament_index/resource_index/packages/usb_cam'
    driver = prefix / 'lib/usb_cam/usb_cam_node_exe'
    for path in (marker, driver):
        path.parent.mkdir(parents=True)
        path.touch()
    driver.write_text(f'#!{sys.executable}\n' + DRIVER)
    driver.chmod(0o755)
    monkeypatch.setitem(environment, 'AMENT_PREFIX_PATH',
                        f'{prefix}{os.pathsep}{environment["AMENT_PREFIX_PATH"]}')
    commands = observer.listen(Command, 'commands')
    run = launch(EXAMPLES / 'camera_driver.launch.py', config=config, width=64, height=48)
    observer.wait_for(lambda: commands and commands[-1].header.frame_id == 'camera_optical_frame',
                      'an answer to the driver')
    assert len(pid_of(run.output(), 'usb_cam_node_exe')) == 1
    assert not pid_of(run.output(), 'camera_node')


def test_a_bag_takes_the_place_of_a_stage(launch, observer, tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        for index in range(60):
            bag.write('/motion', 'ros_animate/msg/Motion', serialize_message(motion(index)),
                      START_NS + index * PERIOD_NS)
    actions = observer.listen(ActionChunk, 'actions')
    run = launch('replay.launch.py', bag=tmp_path / 'bag', from_stage='motion', composed='true')
    assert run.wait() == 0
    stamps = {stamp_of(m) for m in actions}
    assert len(stamps) > 10 and stamps <= {stamp_of(motion(k)) for k in range(60)}
    assert 'shutting down' in run.output()


def test_a_fleet_goes_on_without_a_robot_that_is_killed_or_refuses(
        launch, observer, make_camera, tmp_path):
    fleet = tmp_path / 'fleet.yaml'
    fleet.write_text(yaml.safe_dump({
        'motion': 'brightness', 'animation': 'tint', 'policy': 'blendshape_map',
        'robots': [{'namespace': 'left', 'source': 'topic:/left_cam/image_raw'},
                   {'namespace': 'right', 'source': 'topic:/right_cam/image_raw'},
                   {'namespace': 'wrong', 'source': 'demo', 'smoothing': {'no_such_option': 1}}]}))
    commands = {side: observer.listen(Command, f'/{side}/commands') for side in ('left', 'right')}
    run = launch('fleet.launch.py', file=fleet)
    cameras = {side: make_camera(f'/{side}_cam/image_raw') for side in commands}
    for camera in cameras.values():
        camera.run()
    observer.wait_for(lambda: all(m and stamp_of(m[-1]) in cameras[side].sent
                                  for side, m in commands.items()), 'answers of both robots')
    assert len(pid_of(run.output(), 'fleet_node')) == 2
    left, = pid_of(run.output(), 'robot_left')
    answered = len(commands['right'])
    os.kill(left, signal.SIGKILL)
    observer.wait_for(lambda: len(pid_of(run.output(), 'robot_left')) == 2, 'a second start')
    started = cameras['left'].sent[-1]
    observer.wait_for(lambda: stamp_of(commands['left'][-1]) > started, 'answers again')
    assert len({stamp_of(m) for m in commands['right'][answered:]}) > 5
    observer.wait_for(lambda: 'refused to start; the other robots go on' in run.output())
    assert len(pid_of(run.output(), 'robot_wrong')) == 1
    assert run.stop(signal.SIGINT) == 0
    assert 'Traceback' not in run.output()


@pytest.mark.parametrize('content, complaint', [
    ('robots: []', 'robots: expected a list of 1 to 64 robots'),
    ('robots: [{namespace: left}]', 'fleet.yaml: robot 1 (/left): source is missing')])
def test_a_wrong_fleet_file_is_one_line(launch, tmp_path, content, complaint):
    (tmp_path / 'fleet.yaml').write_text(content)
    run = launch('fleet.launch.py', file=tmp_path / 'fleet.yaml')
    assert run.wait() == 1
    assert complaint in run.output()
