"""Augmented images remain images of the same face."""
import torch

from ros_animate.training.core.augmentation import _cosines, augment, reframe
from ros_animate.training.policy.options import TrainOptions

UNCHANGED = TrainOptions(colour=0, shift=0, zoom=0, turn_deg=0, noise=0, blur=0, jpeg=0)


def images(count=6, size=40):
    torch.manual_seed(0)
    return torch.rand(count, 3, size, size)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_nothing_changes_where_nothing_may():
    given = images()
    augmented, _ = augment(given, 40, UNCHANGED, generator())
    torch.testing.assert_close(augmented, given, atol=1e-5, rtol=0)


def test_always_an_image_of_the_requested_size():
    augmented, _ = augment(images(), 32, TrainOptions(noise=0.5, colour=0.9, blur=1, jpeg=1),
                      generator())
    assert augmented.shape == (6, 3, 32, 32)
    assert 0 <= augmented.min() < augmented.max() <= 1


def test_the_random_state_decides():
    options = TrainOptions()
    one, same, other = (augment(images(), 32, options, generator(s))[0] for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_left_stays_left():
    given = torch.zeros(40, 3, 40, 40)
    given[..., :20] = 1
    augmented, _ = augment(given, 32, TrainOptions(), generator())
    assert (augmented[..., :8].mean((1, 2, 3)) > augmented[..., -8:].mean((1, 2, 3)) + 0.3).all()


def test_points_move_with_the_image():
    size, given = 96, torch.zeros(20, 3, 96, 96)
    rows, columns = torch.randint(30, 66, (2, 20), generator=generator())
    given[torch.arange(20), :, rows, columns] = 1
    points = (2 * torch.stack([columns, rows], 1) + 1) / size - 1
    options = TrainOptions(shift=0.1, zoom=0.2, turn_deg=20, colour=0, noise=0, blur=0, jpeg=0)
    augmented, frames = augment(given, 64, options, generator(1))
    places = (2 * torch.arange(64) + 1) / 64 - 1
    light = augmented[:, 0] / augmented[:, 0].sum((1, 2), keepdim=True)
    observed = torch.stack([(light.sum(1) * places).sum(1), (light.sum(2) * places).sum(1)], 1)
    moved = reframe(points[:, None], frames)[:, 0]
    assert (moved - points).abs().max() > 0.1
    torch.testing.assert_close(moved, observed, atol=0.02, rtol=0)


def test_the_cosine_transform_is_orthonormal():
    torch.testing.assert_close(_cosines() @ _cosines().T, torch.eye(8), atol=1e-6, rtol=0)
