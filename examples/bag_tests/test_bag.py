"""The robot moves as it did when the bag was recorded: BAG=output/bag pytest examples/bag_tests."""
import os

import pytest


@pytest.fixture
def bag():
    if 'BAG' not in os.environ:
        pytest.skip('BAG names no bag')
    return os.environ['BAG']


def test_the_robot_moves_as_recorded(check_bag, bag):
    verdict = check_bag(bag, tolerance=0.02)
    assert verdict.comparisons


def test_a_stronger_mouth_is_noticed(check_bag, bag):
    with pytest.raises(AssertionError, match='Jaw Pitch'):
        check_bag(bag, tolerance=0.02, params=['policy.mouth=1.3'])
