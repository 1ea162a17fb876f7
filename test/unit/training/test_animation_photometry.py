"""Colours of pairs: source and target change alike, the driving image on its own."""
import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.training.animation.photometry import rotate_hue, vary_colours
from ros_animate.training.animation.source import DataOptions

UNCHANGED = DataOptions(colour=0, hue=0, driving_colour=0, driving_blur=0, driving_jpeg=0,
                    driving_noise=0)


def images(seed=0):
    return 0.2 + 0.6 * torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


def vary(options, *parts):
    return vary_colours(*parts, options, torch.Generator().manual_seed(1))


def test_nothing_changes_where_nothing_may():
    given = images(0), images(1), images(2)
    for one, other in zip(given, vary(UNCHANGED, *given), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_source_and_target_change_alike_and_driving_otherwise():
    given = images()
    source, driving, target = vary(DataOptions(), given, given, given)
    assert torch.equal(source, target)
    assert (source - given).abs().mean() > 0.01
    assert (driving - source).abs().mean() > 0.01
    for image in (source, driving, target):
        assert image.is_contiguous()
        assert 0 <= image.min() < image.max() <= 1


def test_faults_are_those_of_the_driving_image_alone():
    given = images()
    options = DataOptions(colour=0, hue=0, driving_blur=1, driving_noise=0.2)
    source, driving, target = vary(options, given, given, given)
    torch.testing.assert_close(source, given, atol=1e-6, rtol=0)
    torch.testing.assert_close(target, given, atol=1e-6, rtol=0)
    assert (driving - given).abs().mean() > 0.02


def test_a_third_of_a_turn_swaps_the_colours():
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    turned = rotate_hue(red, torch.tensor([2 * math.pi / 3]))
    torch.testing.assert_close(turned.flatten(), torch.tensor([0.0, 1.0, 0.0]), atol=1e-6, rtol=0)


@given(st.floats(-math.pi, math.pi), st.floats(0, 1))
def test_grey_stays_grey(angle, level):
    grey = torch.full((1, 3, 2, 2), level)
    torch.testing.assert_close(rotate_hue(grey, torch.tensor([angle])), grey, atol=1e-5, rtol=0)
