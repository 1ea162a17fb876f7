"""Several people before one camera: every face has an id, a service selects who is followed."""
import pytest

pytest.importorskip('rclpy', reason='ROS 2 (rclpy) is not installed')
pytest.importorskip('ros_animate.msg', reason='the messages of ros_animate are not built')

import numpy as np
from helpers.people_scenes import People
from rcl_interfaces.srv import GetParameters
from ros_animate.msg import Command, Faces, Motion
from ros_animate.srv import Follow

from ros_animate.evaluation.people_scenes import Place
from ros_animate.nodes.messages import Joints, motion_from_message
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
LEFT, RIGHT = Place(1, 180, 76), Place(2, 470, 70)


def column(message):
    """Middle of a face in the image, in pixels."""
    return np.reshape(message.landmarks, (-1, 3))[:, 0].mean()


def follow(observer, whom, namespace=''):
    return observer.call(Follow, f'{namespace}motion/follow', Follow.Request(follow=whom))


def jaw(messages):
    """Opening of the jaw in the newest command, 0 closed to 1 open; -1 if there is none."""
    if not messages:
        return -1.0
    position = Joints.of(SPEC).command_from_message(messages[-1]).position
    return 1.0 - position[SPEC.index('Jaw Pitch')]


def test_the_faces_in_sight_and_the_service_that_selects_one(processes, observer):
    faces, motions = observer.listen(Faces, 'faces'), observer.listen(Motion, 'motion')
    processes.start('motion_node', {'motion': {'plugin': 'mediapipe'}})
    camera = People(observer, [LEFT, RIGHT])
    observer.wait_for(lambda: faces and len(faces[-1].motions) == 2, 'two faces')
    message = faces[-1]
    by_side = {column(m) > 320: m.face_id for m in message.motions}
    assert message.follow == 'largest' and message.followed == by_side[True]
    assert message.header.frame_id == 'camera' and message.header == message.motions[0].header
    assert len(motion_from_message(message.motions[0]).expression) == 52
    assert motions[-1].face_id == by_side[True]

    answer = follow(observer, by_side[False])
    assert answer.success and answer.followed == by_side[False]
    observer.wait_for(lambda: motions[-1].face_id == by_side[False] and column(motions[-1]) < 320)
    observer.wait_for(lambda: faces[-1].followed == by_side[False])
    values = observer.call(GetParameters, 'motion/get_parameters',
                           GetParameters.Request(names=['follow'])).values
    assert values[0].string_value == by_side[False]

    answer = follow(observer, 'f00099')
    assert not answer.success and by_side[False] in answer.message and '\n' not in answer.message
    assert follow(observer, 'centre').success
    observer.wait_for(lambda: faces[-1].follow == 'centre' and faces[-1].followed)
    camera.see([])
    observer.wait_for(lambda: not faces[-1].motions and not faces[-1].followed)
    assert motions[-1].confidence == 0.0


def test_an_extractor_of_one_face_says_that_it_cannot_select(processes, observer):
    processes.start('motion_node', {'motion': {'plugin': 'brightness'}})
    answer = follow(observer, 'first')
    assert not answer.success and answer.message == 'brightness does not tell faces apart'


@pytest.mark.slow
def test_two_robots_follow_two_people_with_one_tracker(processes, observer):
    faces = observer.listen(Faces, '/left/faces')
    left, right = (observer.listen(Command, f'/{side}/commands') for side in ('left', 'right'))
    policy = {'policy': {'adapt_s': 0.0}}
    tracker = {'plugin': 'mediapipe', 'follow': 'first'}
    for side, motion, remap in (('/left', tracker, 'image_raw:=/image_raw'),
                                ('/right', {'plugin': 'faces'}, 'faces:=/left/faces')):
        processes.start('composed_node', {'motion': motion, **policy}, namespace=side,
                        remap=[remap], arguments=['camera', 'animation'])
    People(observer, [LEFT._replace(muscles={}), RIGHT._replace(muscles={'jaw_open': 0.7})])
    observer.wait_for(lambda: faces and len(faces[-1].motions) == 2, 'two faces')
    open_id, shut_id = (m.face_id for m in sorted(faces[-1].motions, key=column, reverse=True))
    assert follow(observer, shut_id, '/left/').success
    observer.wait_for(lambda: jaw(right) > 0.4 and -1 < jaw(left) < 0.3, 'one jaw opens')
    answer = follow(observer, 'f00099', '/right/')
    assert not answer.success and open_id in answer.message
    assert follow(observer, shut_id, '/right/').success
    assert follow(observer, open_id, '/left/').success
    observer.wait_for(lambda: jaw(left) > 0.4 and -1 < jaw(right) < 0.3, 'the other jaw opens')
    observer.wait_for(lambda: faces[-1].followed == open_id)
