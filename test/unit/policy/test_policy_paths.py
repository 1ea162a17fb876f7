"""The image path and the feature path."""
import argparse

import pytest

from ros_animate.commands import retarget
from ros_animate.configuration import ConfigurationError
from ros_animate.plugins import find
from ros_animate.policy.paths import PATHS, policy_of_path


@pytest.mark.parametrize('path', PATHS)
def test_the_usual_policy_observes_what_the_path_shows(path):
    assert find('policy', policy_of_path(path, '')).observes == PATHS[path][0]


def test_wishes():
    assert policy_of_path('', '') == ''
    assert policy_of_path('', 'x2cnet') == 'x2cnet'
    assert policy_of_path('image', 'x2cnet') == 'x2cnet'
    with pytest.raises(ConfigurationError, match='features'):
        policy_of_path('feature', '')
    with pytest.raises(ConfigurationError, match='x2cnet observes image'):
        policy_of_path('features', 'x2cnet')


@pytest.mark.parametrize(('given', 'policy'), [
    ([], 'calibrated'), (['--path', 'image'], 'bc_z'), (['--path', 'features'], 'calibrated'),
    (['--path', 'image', '--policy', 'x2cnet'], 'x2cnet'), (['--policy', 'x2cnet'], 'x2cnet')])
def test_the_command_takes_a_path(given, policy):
    parser = argparse.ArgumentParser()
    retarget.add_arguments(parser)
    settings = retarget.make_settings(parser.parse_args(['--source', 'demo', *given]))
    assert settings.plugin('policy') == policy
