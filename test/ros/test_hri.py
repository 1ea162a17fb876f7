"""Faces for other packages and from them, as REP-155 has them."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import importlib.util

import numpy as np
from helpers.message_packages import message_environment, use_messages
from helpers.people_scenes import People
from helpers.ros_helpers import Processes
from ros_animate.msg import Command, Faces, Motion
from ros_animate.srv import Follow
from sensor_msgs.msg import Image

from ros_animate.evaluation.people_scenes import Place
from ros_animate.nodes.messages import Joints, motion_from_message
from ros_animate.robot.descriptions import load_spec

pytestmark = pytest.mark.slow  # hri_msgs has to be built

LEFT, RIGHT = Place(1, 180, 76, muscles={}), Place(2, 470, 70, muscles={
    'jaw_open': 0.6, 'head_yaw': 15.0})
SPEC = load_spec('mock')
JAW, YAW = SPEC.index('Jaw Pitch'), SPEC.index('Head Yaw')
INSTALLED = importlib.util.find_spec('hri_msgs') is not None
CONTENT = ('roi', 'landmarks', 'facs', 'expression', 'cropped', 'aligned')


@pytest.fixture
def hri(environment, tmp_path):
    """Starts nodes that find hri_msgs."""
    use_messages('hri_msgs')
    processes = Processes(message_environment(['hri_msgs'], environment), tmp_path)
    yield processes
    processes.stop()


def position(commands):
    return Joints.of(SPEC).command_from_message(commands[-1]).position


def tracked(observer):
    from hri_msgs.msg import IdsList
    return observer.listen(IdsList, '/humans/faces/tracked')


def listen_to_face(observer, face_id):
    """Newest message of every topic of a face, once all have come."""
    from hri_msgs import msg
    kinds = dict(zip(CONTENT, (msg.NormalizedRegionOfInterest2D, msg.FacialLandmarks,
                               msg.FacialActionUnits, msg.Expression, Image, Image), strict=True))
    received = {name: observer.listen(kind, f'/humans/faces/{face_id}/{name}')
                for name, kind in kinds.items()}
    observer.wait_for(lambda: all(received.values()), f'all of {face_id}')
    return {name: messages[-1] for name, messages in received.items()}


def test_faces_for_other_packages(hri, observer):
    ids = tracked(observer)
    hri.start('motion_node', {'motion': {'plugin': 'mediapipe'}})
    camera = People(observer, [LEFT, RIGHT])
    observer.wait_for(lambda: ids and len(ids[-1].ids) == 2, 'two faces')
    faces = [listen_to_face(observer, face_id) for face_id in ids[-1].ids]
    shut, opened = sorted(faces, key=lambda face: face['roi'].xmin)
    for face, place in ((shut, LEFT), (opened, RIGHT)):
        roi, landmarks = face['roi'], face['landmarks']
        assert roi.header.frame_id == 'camera' and roi.c > 0.9
        middle = 640 * (roi.xmin + roi.xmax) / 2
        assert abs(middle - place.x) < 30 and 0 < roi.ymin < roi.ymax < 1
        assert len(landmarks.landmarks) == 70
        assert (landmarks.width, landmarks.height) == (640, 480)
        assert all(roi.xmin - 1e-6 <= p.x <= roi.xmax + 1e-6 for p in landmarks.landmarks)
        assert len(face['facs'].intensity) == len(face['facs'].confidence) == 99
        assert face['facs'].confidence[12] > 0.9 and face['facs'].confidence[58] == 0
        for name in ('cropped', 'aligned'):
            assert (face[name].width, face[name].height, face[name].encoding) == (128, 128, 'rgb8')
            assert np.std(face[name].data) > 10
        assert abs(face['expression'].valence) <= 1 and face['expression'].expression
    assert opened['facs'].intensity[25] > 0.3 > 0.2 > shut['facs'].intensity[25], 'lips part'
    assert opened['facs'].intensity[51] > 0.2 > shut['facs'].intensity[51], 'turned to the left'
    first = list(ids[-1].ids)
    camera.see([])
    observer.wait_for(lambda: not ids[-1].ids, 'nobody')
    camera.see([LEFT])
    observer.wait_for(lambda: len(ids[-1].ids) == 1, 'somebody')
    seen = {face_id for message in ids for face_id in message.ids}
    assert set(first) <= seen


def test_never_means_nothing(hri, observer):
    faces = observer.listen(Faces, 'faces')
    hri.start('motion_node', {'motion': {'plugin': 'mediapipe', 'hri': 'never'}})
    People(observer, [LEFT])
    observer.wait_for(lambda: faces, 'faces')
    names = {name for name, _ in observer.node.get_topic_names_and_types()}
    assert not [name for name in names if name.startswith('/humans')]


def test_another_packages_faces_drive_the_robot(hri, observer):
    """Our own tracker plays the other package; the robot's pipeline has no camera."""
    ids, commands = tracked(observer), observer.listen(Command, '/robot/commands')
    faces = observer.listen(Faces, '/robot/faces')
    hri.start('motion_node', {'motion': {'plugin': 'mediapipe'}})
    hri.start('composed_node', {'motion': {'plugin': 'hri'}, 'policy': {'adapt_s': 0.0}},
              namespace='/robot', arguments=['camera', 'animation'])
    camera = People(observer, [LEFT, RIGHT])
    observer.wait_for(lambda: commands and 1 - position(commands)[JAW] > 0.25, 'an open jaw')
    observer.wait_for(lambda: position(commands)[YAW] > 5, 'a head to the left')
    observer.wait_for(lambda: faces and len(faces[-1].motions) == 2, 'two motions')
    followed = faces[-1].followed
    motion = next(m for m in map(motion_from_message, faces[-1].motions) if m.face_id == followed)
    assert motion.model == 'hri' and -2.0 < motion.translation[2] < -0.2
    assert set(ids[-1].ids) == {m.face_id for m in faces[-1].motions}
    other = next(face_id for face_id in ids[-1].ids if face_id != followed)
    answer = observer.call(Follow, '/robot/motion/follow', Follow.Request(follow=other))
    assert answer.success
    observer.wait_for(lambda: 1 - position(commands)[JAW] < 0.2, 'the jaw of the other')
    camera.see([])
    observer.wait_for(lambda: np.allclose(position(commands), SPEC.neutral, atol=1e-6), 'neutral')


def test_broken_messages_are_counted_and_survived(hri, observer):
    from hri_msgs.msg import FacialActionUnits, FacialLandmarks, IdsList
    from hri_msgs.msg import NormalizedPointOfInterest2D as Point
    status, motions = observer.diagnostics(), observer.listen(Motion, 'motion')
    node = hri.start('motion_node', {'motion': {'plugin': 'hri'}})
    ids, facs, landmarks = (observer.node.create_publisher(kind, f'/humans/faces/{name}', 10)
                            for kind, name in ((IdsList, 'tracked'), (FacialActionUnits, 'a/facs'),
                                               (FacialLandmarks, 'a/landmarks')))
    zeros = [0.0] * 99
    broken = [(ids, IdsList(ids=['../x'])), (ids, IdsList(ids=[str(k) for k in range(99)])),
              (facs, FacialActionUnits(intensity=[0.5], confidence=[1.0])),
              (facs, FacialActionUnits(intensity=[float('nan')] * 99, confidence=zeros)),
              (facs, FacialActionUnits(intensity=[9.0] * 99, confidence=zeros)),
              (landmarks, FacialLandmarks(landmarks=[Point(x=1e30)] * 70, width=9, height=9)),
              (landmarks, FacialLandmarks(landmarks=[Point()] * 70, width=2 ** 32 - 1, height=1))]

    def say(*messages):
        for publisher, message in messages:
            if hasattr(message, 'header'):
                message.header.stamp = observer.node.get_clock().now().to_msg()
            publisher.publish(message)
    good = [(ids, IdsList(ids=['a'])),
            (landmarks, FacialLandmarks(landmarks=[Point()] * 70, width=64, height=48)),
            (facs, FacialActionUnits(intensity=[0.25] * 99, confidence=[1.0] * 99))]

    def happened():
        say(*good, *broken)
        return int(float(status('motion')[2].get('rejected', 0))) > 40
    observer.wait_for(happened, 'refusals')
    before = len(motions)

    def answered():
        say(*good)
        return any(m.confidence > 0 and m.face_id == 'a' for m in motions[before:])
    observer.wait_for(answered, 'a motion')
    assert node.is_running()


@pytest.mark.skipif(INSTALLED, reason='hri_msgs is installed')
def test_without_the_package_it_is_one_line(processes):
    always = processes.start('motion_node', {'motion': {'plugin': 'mediapipe', 'hri': 'always'}})
    follows = processes.start('motion_node', {'motion': {'plugin': 'hri'}}, namespace='/b')
    for node in (always, follows):
        assert node.wait() == 2
        errors = [line for line in node.output().splitlines() if 'error' in line]
        assert len(errors) == 1 and 'ros-jazzy-hri-msgs' in errors[0]
