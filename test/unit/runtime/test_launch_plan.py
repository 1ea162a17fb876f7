"""Launch plans: nodes and their parameters."""
import pytest
import yaml

from ros_animate.plugins import STAGES
from ros_animate.runtime.launch_plan import make_launch_plan, observes_image, parameter_file
from ros_animate.settings import load_settings


def test_every_stage_gets_its_plugin_and_what_it_shares():
    settings = load_settings(mirror=True, portrait='ada.png', robot='ameca',
                             camera={'plugin': 'video', 'path': 'a.mp4'})
    plan = make_launch_plan(settings)
    assert set(plan.parameters) == set(STAGES)
    assert plan.without == []
    assert plan.parameters['camera'] == {'plugin': 'video', 'path': 'a.mp4'}
    assert plan.parameters['motion']['mirror'] is True
    assert plan.parameters['animation']['portrait'] == 'ada.png'
    assert all(plan.parameters[stage]['robot'] == 'ameca'
               for stage in ('animation', 'policy', 'smoothing', 'hardware'))
    assert plan.parameters['hardware']['plugin'] == settings.spec.transport


def test_sections_may_hold_options_of_the_node_and_of_the_safety_layer():
    settings = load_settings(hardware={'rate_hz': 100.0, 'neutral_after_s': 1.0, 'size': 128})
    hardware = make_launch_plan(settings).parameters['hardware']
    assert (hardware['rate_hz'], hardware['neutral_after_s'], hardware['size']) == (100.0, 1.0, 128)


def test_options_of_nodes_are_added():
    plan = make_launch_plan(load_settings(), {'camera': {'exit_at_end': True}})
    assert plan.parameters['camera']['exit_at_end'] is True


@pytest.mark.parametrize('topic, base, transport', [
    ('/usb_cam/image_raw', '/usb_cam/image_raw', 'raw'),
    ('/usb_cam/image_raw/compressed', '/usb_cam/image_raw', 'compressed')])
def test_a_topic_takes_the_place_of_the_camera_node(topic, base, transport):
    plan = make_launch_plan(load_settings(camera={'plugin': 'topic', 'topic': topic}))
    assert plan.without == ['camera']
    assert plan.remappings == (('image_raw', base),)
    assert plan.image_transport == transport
    assert plan.parameters['motion']['image_transport'] == transport


def test_only_the_requested_stages():
    plan = make_launch_plan(load_settings(), stages=('policy', 'smoothing', 'hardware'))
    assert plan.without == ['camera', 'motion', 'animation']


@pytest.mark.parametrize('namespace, name', [('', '/policy'), ('left', '/left/policy'),
                                             ('/a/b/', '/a/b/policy')])
def test_parameter_file_names_nodes_in_full(namespace, name):
    content = yaml.safe_load(parameter_file({'policy': {'plugin': 'x'}}, namespace))
    assert content == {name: {'ros__parameters': {'plugin': 'x'}}}


def test_feature_space_does_not_wait_for_images():
    assert not observes_image(load_settings(policy={'plugin': 'blendshape_map'}))
