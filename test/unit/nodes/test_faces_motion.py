"""The motion plug-in `faces`, and which nodes a pipeline has with it; without ROS."""
import argparse
import dataclasses

import numpy as np
import pytest

from ros_animate.commands import retarget
from ros_animate.configuration import ConfigurationError
from ros_animate.errors import UserError
from ros_animate.plugins import load
from ros_animate.runtime.launch_plan import make_launch_plan
from ros_animate.settings import load_settings
from ros_animate.types import Motion


def motion(face_id, x, size, stamp_s=0.0):
    corners = np.array([(x - size / 2, 200 - size / 2, 0), (x + size / 2, 200 + size / 2, 0)])
    return Motion('mediapipe', stamp_s, landmarks=np.tile(corners, (239, 1)),
                  image_size=(640, 480), face_id=face_id)


def test_it_selects_by_the_rule_and_waits_for_who_is_lost():
    faces = load('motion', 'faces')
    large, small = motion('f00001', 400, 120), motion('f00000', 100, 90)
    assert faces.select([small, large]) is large
    assert faces.faces() == [small, large]
    assert faces.select([dataclasses.replace(small, stamp_s=0.5)]) is None
    late = dataclasses.replace(small, stamp_s=1.5)
    assert faces.select([late]) is late
    assert faces.select([]) is None
    faces.configure(dataclasses.replace(faces.Config(), follow='first'))
    with pytest.raises(ConfigurationError, match='in sight: none'):
        faces.configure(faces.Config(follow='f00007'))


def test_a_second_robot_has_neither_camera_nor_tracker():
    settings = load_settings(camera={'plugin': 'topic', 'topic': '/left/faces'},
                             motion={'plugin': 'faces', 'follow': 'f00001'})
    plan = make_launch_plan(settings, namespace='right')
    assert plan.without == ['camera']
    assert plan.remappings == (('faces', '/left/faces'),) and plan.image_transport == 'raw'
    assert plan.parameters['motion']['follow'] == 'f00001'


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    retarget.add_arguments(parser)
    return retarget.make_settings(parser.parse_args(arguments))


def test_files_need_images():
    given = ('--motion', 'faces', '--source', 'topic:/left/faces')
    assert parsed(*given).plugin('motion') == 'faces'
    for more, complaint in ((('--output', 'x'), 'without images'), (('--offline',), 'through ROS')):
        with pytest.raises(UserError, match=complaint):
            parsed(*given, *more)
