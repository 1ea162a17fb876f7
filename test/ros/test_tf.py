"""Head and gaze of every person as TF."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import importlib.util

import numpy as np
from helpers.message_packages import message_environment, use_messages
from helpers.ros_helpers import Processes
from ros_animate.msg import Faces
from std_msgs.msg import Header

from ros_animate.face.head_frames import face_frame, gaze_frame
from ros_animate.face.virtual.muscles import rotation
from ros_animate.nodes.messages import faces_to_message, stamp_message
from ros_animate.nodes.qos import RELIABLE
from ros_animate.types import Motion

INSTALLED = importlib.util.find_spec('tf2_msgs') is not None
STAMP_S = 1_700_000_000.25


def person(face_id, x, **expression):
    return Motion('test', STAMP_S, rotation=rotation(20, 5, 0), face_id=face_id,
                  translation=np.array([x, 0.0, -0.6]), expression=expression)


@pytest.mark.skipif(INSTALLED, reason='tf2_msgs is installed')
def test_without_its_messages_the_node_says_what_to_install(processes):
    node = processes.start('tf_node')
    assert node.wait() == 2
    assert 'tf2_msgs is not installed (Ubuntu: apt install ros-jazzy-tf2-msgs)' in node.output()


@pytest.mark.slow
def test_every_face_has_a_frame_below_the_camera(environment, observer, tmp_path):
    if not INSTALLED:
        use_messages('tf2_msgs')
        environment = message_environment(['tf2_msgs'], environment)
    from tf2_msgs.msg import TFMessage
    transforms = observer.listen(TFMessage, '/tf')
    processes = Processes(environment, tmp_path)
    people = [person('f00001', -0.2, eyeLookOutLeft=0.5, eyeLookInRight=0.5),
              person('f00002', 0.3)]  # one whose eyes are not told
    header = Header(stamp=stamp_message(STAMP_S), frame_id='eye_optical_frame')
    publisher = observer.node.create_publisher(Faces, 'faces', RELIABLE)
    timer = observer.node.create_timer(0.1, lambda: publisher.publish(
        faces_to_message(people, header, 'largest', 'f00001')))
    try:
        processes.start('tf_node')
        observer.wait_for(lambda: transforms, 'transforms')
    finally:
        observer.node.destroy_timer(timer)
        processes.stop()
    found = {t.child_frame_id: t for t in transforms[0].transforms}
    assert list(found) == ['face_f00001', 'gaze_f00001', 'face_f00002']
    assert all(t.header == header for t in found.values())
    for name, frame in (('face_f00001', face_frame(people[0])),
                        ('gaze_f00001', gaze_frame(people[0]))):
        place, turn = found[name].transform.translation, found[name].transform.rotation
        assert (place.x, place.y, place.z) == pytest.approx(frame.translation, abs=1e-6)
        assert (turn.x, turn.y, turn.z, turn.w) == pytest.approx(frame.quaternion, abs=1e-6)
