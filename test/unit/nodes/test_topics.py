"""The list of topics, without ROS."""
import pytest

from ros_animate.nodes.topics import (
    IMAGE_TRANSPORTS,
    TOPICS,
    camera_topic,
    first_topic,
    replaceable_stages,
    replacing_topics,
)
from ros_animate.plugins import STAGES


@pytest.mark.parametrize('stage, topic', [
    ('camera', 'image_raw'), ('motion', 'motion'), ('animation', 'animated/image_raw'),
    ('policy', 'actions'), ('smoothing', 'joint_trajectory'), ('hardware', 'commands')])
def test_every_stage_has_a_topic_that_shows_that_it_is_ready(stage, topic):
    assert first_topic(stage) == topic


@pytest.mark.parametrize('stage, topics', [
    ('camera', ['image_raw', 'image_raw/compressed', 'camera_info']), ('motion', ['motion']),
    ('animation', ['motion', 'animated/image_raw']), ('policy', ['actions']),
    ('smoothing', ['joint_trajectory'])])
def test_topics_by_which_a_bag_replaces_a_stage(stage, topics):
    assert replacing_topics(stage) == topics


def test_all_stages_but_the_last_can_be_replaced_in_the_order_of_the_pipeline():
    assert replaceable_stages() == list(STAGES[:-1])


def test_images_of_the_camera_come_in_two_transports():
    assert {camera_topic(transport) for transport in IMAGE_TRANSPORTS} <= set(TOPICS)
