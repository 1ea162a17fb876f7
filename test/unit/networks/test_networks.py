"""Properties of the networks of every family, tested with small ones."""
from __future__ import annotations

import pytest
import torch
from helpers.small_networks import CONFIGS, SIZE, randomise, small
from torch import nn

from ros_animate.inference.cuda_graphs import flatten_tensors
from ros_animate.networks import monkey_net
from ros_animate.networks.layers import CLIP_LAYERS, AntiAliasDownsample, PlanarConv
from ros_animate.networks.perceptual import Hopenet, Vgg19, perceptual_distance


@pytest.mark.parametrize('name', CONFIGS)
def test_an_image_is_generated(name):
    model = small(name)
    source = torch.rand(1, 3, SIZE, SIZE)
    with torch.inference_mode():
        output = model.animate(model.networks, source)
    side = SIZE * (2 if name == 'live_portrait' else 1)
    assert output.shape == (1, 3, side, side)
    assert 0 <= output.min() < output.max() <= 1


@pytest.mark.parametrize('name', [n for n in CONFIGS if n not in ('live_portrait', 'x2face')])
def test_forward_and_render_agree(name):
    model = small(name)
    forward = {}
    generator = model.networks['generator']
    generator.register_forward_hook(lambda *call: forward.update(result=call[2].prediction))
    render = generator.render
    source = torch.rand(1, 3, SIZE, SIZE)

    def both(features, kp_source, kp_driving):
        generator(source, kp_source, kp_driving)
        return render(features, kp_source, kp_driving)
    generator.render = both
    with torch.inference_mode():
        output = model.animate(model.networks, source)
    torch.testing.assert_close(output, forward['result'])


@pytest.mark.parametrize('name', CONFIGS)
def test_gradients_reach_every_parameter(name):
    model = small(name)
    model.animate(model.networks, torch.rand(1, 3, SIZE, SIZE)).mean().backward()
    for network in model.generators:
        without = [n for n, p in model.networks[network].named_parameters() if p.grad is None]
        assert not without


@pytest.mark.parametrize('name', ['monkey_net', 'fomm', 'face_vid2vid'])
def test_the_frames_of_a_batch_do_not_mix(name):
    detector = small(name).networks['kp_detector']
    images = torch.rand(2, 3, SIZE, SIZE)
    with torch.inference_mode():
        together, *_ = flatten_tensors(detector(images))
        alone, *_ = flatten_tensors(detector(images[1:]))
    torch.testing.assert_close(together[1:], alone, atol=1e-5, rtol=1e-4)


def test_a_planar_convolution_is_the_one_over_clips():
    torch.manual_seed(0)
    planar = PlanarConv(6, 4, 3, padding=1, groups=2)
    clip = nn.Conv3d(6, 4, (1, 3, 3), padding=(0, 1, 1), groups=2)
    clip.load_state_dict(planar.state_dict())
    x = torch.rand(1, 6, 5, 8, 8)  # five frames
    frames = planar(x[0].transpose(0, 1))
    torch.testing.assert_close(frames.transpose(0, 1)[None], clip(x))
    assert CLIP_LAYERS.conv is PlanarConv


def test_downsampling_keeps_a_flat_image_and_takes_every_fourth_pixel():
    flat = AntiAliasDownsample(3, 0.25)(torch.full((1, 3, 64, 64), 0.5))
    assert flat.shape == (1, 3, 16, 16)
    torch.testing.assert_close(flat[..., 2:-2, 2:-2], torch.full((1, 3, 12, 12), 0.5))
    image = torch.rand(1, 3, 8, 8)
    assert torch.equal(AntiAliasDownsample(3, 1)(image), image)


def test_covariances_are_positive_definite_and_bounded_below():
    detector = small('monkey_net').networks['kp_detector']
    with torch.inference_mode():
        keypoints = detector(torch.rand(3, 3, SIZE, SIZE))
    values = torch.linalg.eigvalsh(keypoints.covariance)
    assert values.min() >= 0.99 * monkey_net.Config().min_singular


def test_perceptual_features_distinguish_images():
    features = randomise(Vgg19())
    image = torch.rand(1, 3, 32, 32, requires_grad=True)
    assert [m.shape[1] for m in features(image)] == [64, 128, 256, 512, 512]
    assert perceptual_distance(features, image, image).max() == 0
    distance = perceptual_distance(features, image, torch.rand(1, 3, 32, 32))
    assert distance.min() > 0
    distance.sum().backward()
    assert image.grad is not None


def test_hopenet_gives_angles_in_degrees():
    with torch.inference_mode():
        degrees = randomise(Hopenet())(torch.rand(2, 3, 64, 64))
    assert degrees.shape == (2, 3)
    assert degrees.abs().max() <= 99
