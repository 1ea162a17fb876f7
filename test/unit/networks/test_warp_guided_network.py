"""The warp-guided generator changes nothing at first, and never where nothing moves."""
import pytest
import torch

from ros_animate.configuration import ConfigurationError
from ros_animate.inference.cuda_graphs import map_tensors
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.networks import build_networks
from ros_animate.networks.warp_guided import (
    GUIDE_CHANNELS,
    MASK_CHANNELS,
    Refiner,
    WarpedSource,
)
from ros_animate.networks.warp_guided.blocks import from_blocks, to_blocks

SMALL = {'image_size': 32, 'features': 8, 'max_features': 16, 'levels': 2, 'blocks': 1}


def refiner(trained: bool) -> Refiner:
    torch.manual_seed(0)
    network = build_networks('warp_guided', SMALL)['refiner'].eval()
    if trained:
        with torch.no_grad():
            network.final.weight.normal_(0, 0.1)
            network.final.bias.normal_(0, 0.1)
    return network


def content(gate: torch.Tensor | None = None) -> WarpedSource:
    random = torch.Generator().manual_seed(1)
    warped, source = (torch.rand(2, 3, 32, 32, generator=random) for _ in range(2))
    guides = torch.rand(2, GUIDE_CHANNELS, 16, 16, generator=random)
    masks = torch.rand(2, MASK_CHANNELS, 16, 16, generator=random)
    gate = torch.ones(2, 1, 16, 16) if gate is None else gate
    return WarpedSource(warped, source, masks, guides, gate)


def rendered(network: Refiner, given: WarpedSource) -> torch.Tensor:
    features = network.encode(given.source, given.source_masks)
    return network.render(features, given.warped, given.guides, given.gate)


@torch.no_grad()
def test_an_untrained_network_leaves_the_warp_as_it_is() -> None:
    given = content()
    torch.testing.assert_close(refiner(trained=False)(given).prediction, given.warped,
                               atol=1e-4, rtol=0)


@torch.no_grad()
def test_it_changes_only_what_moves() -> None:
    gate = torch.zeros(2, 1, 16, 16)
    gate[..., :8] = 1.0
    given = content(gate)
    changed = (refiner(trained=True)(given).prediction - given.warped).abs()
    assert changed[..., 18:].max() < 1e-4
    assert changed[..., :14].mean() > 0.01


def test_all_weights_learn_once_the_last_layer_has() -> None:
    network = refiner(trained=True).train()
    network(content()).prediction.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    assert network.first.moving.weight.grad.abs().sum() > 0
    assert network.first.source.weight.grad.abs().sum() > 0


@torch.no_grad()
def test_the_engine_renders_the_same_image() -> None:
    given = content()
    expected = refiner(trained=True)(given).prediction
    for precision, atol in (('float32', 1e-4), ('bf16', 0.03)):
        prepared = prepare(refiner(trained=True), EngineOptions(precision=precision))
        torch.testing.assert_close(rendered(prepared, given), expected, atol=atol, rtol=0)


def test_blocks_hold_the_pixels_of_a_cell() -> None:
    image = torch.arange(2 * 3 * 4 * 6).float().view(2, 3, 4, 6)
    blocks = to_blocks(image)
    assert blocks.shape == (2, 12, 2, 3)
    torch.testing.assert_close(blocks[1, :, 1, 2], image[1, :, 2:, 4:].permute(1, 2, 0).flatten())
    torch.testing.assert_close(from_blocks(blocks), image)


@torch.no_grad()
def test_features_of_a_source_stay_what_they_are_for_graphs_and_batches() -> None:
    """Both take arguments apart into tensors, and put them together again."""
    given = content()
    features = refiner(trained=True).encode(given.source, given.source_masks)
    copied = map_tensors(torch.clone, (features,))[0]
    assert type(copied) is type(features)
    torch.testing.assert_close(copied.maps, features.maps)


def test_a_size_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(ConfigurationError, match='multiple of 8 with 2 levels, got 36'):
        build_networks('warp_guided', {**SMALL, 'image_size': 36})
