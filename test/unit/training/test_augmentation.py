"""Augmented pictures remain pictures of the same face."""
import torch

from ros_animate.training.augmentation import _cosines, augment
from ros_animate.training.options import TrainOptions

STILL = TrainOptions(colour=0, shift=0, zoom=0, turn_deg=0, noise=0, blur=0, jpeg=0)


def pictures(count=6, size=40):
    torch.manual_seed(0)
    return torch.rand(count, 3, size, size)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_nothing_changes_where_nothing_may():
    given = pictures()
    torch.testing.assert_close(augment(given, 40, STILL, generator()), given, atol=1e-5, rtol=0)


def test_always_a_picture_of_the_wanted_size():
    made = augment(pictures(), 32, TrainOptions(noise=0.5, colour=0.9, blur=1, jpeg=1),
                   generator())
    assert made.shape == (6, 3, 32, 32)
    assert 0 <= made.min() < made.max() <= 1


def test_the_random_state_decides():
    options = TrainOptions()
    one, same, other = (augment(pictures(), 32, options, generator(s)) for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_left_stays_left():
    given = torch.zeros(40, 3, 40, 40)
    given[..., :20] = 1
    made = augment(given, 32, TrainOptions(), generator())
    assert (made[..., :8].mean((1, 2, 3)) > made[..., -8:].mean((1, 2, 3)) + 0.3).all()


def test_the_cosine_transform_is_orthonormal():
    torch.testing.assert_close(_cosines() @ _cosines().T, torch.eye(8), atol=1e-6, rtol=0)
