"""Two robots from one camera and one tracker, in namespaces, as examples/two_robots.launch.py."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

from helpers.ros_helpers import stamp_of
from ros_animate.msg import Command
from std_srvs.srv import Trigger

SIDES = ('left', 'right')


@pytest.mark.slow
def test_one_camera_drives_two_robots_that_stop_separately(processes, observer, make_camera,
                                                           tmp_path):
    processes.start('motion_node', {'motion': {'plugin': 'brightness'}})
    for side in SIDES:
        processes.start(
            'composed_node', {'animation': {'plugin': 'tint'},
                              'hardware': {'estop_file': str(tmp_path / f'{side}.estop')}},
            namespace=f'/{side}', arguments=['camera', 'motion'], remap=['motion:=/motion'])
    commands = {side: observer.listen(Command, f'/{side}/commands') for side in SIDES}
    status = observer.diagnostics()
    camera = make_camera()
    camera.run()
    # A robot may miss a frame that the other one answers.
    observer.wait_for(lambda: set(camera.sent).intersection(
        *({stamp_of(m) for m in commands[side]} for side in SIDES)), 'answers to the same frame')
    stopped = observer.call(Trigger, '/left/hardware/estop', Trigger.Request())
    assert stopped.success
    observer.wait_for(lambda: status('left/hardware')[1].startswith('emergency stop'),
                      'the stop of the left robot')
    after = camera.sent[-1]
    observer.wait_for(lambda: stamp_of(commands['right'][-1]) > after, 'the right robot goes on')
    observer.wait_for(lambda: status('right/hardware')[2].get('state', 'estop') != 'estop')
    assert observer.call(Trigger, '/left/hardware/reset_estop', Trigger.Request()).success
    observer.wait_for(lambda: stamp_of(commands['left'][-1]) > after, 'the left robot moves again')
