"""X2CNet's mapping network against the golden vectors of the reference."""
from __future__ import annotations

import pytest
import torch
from helpers.golden_data import Golden

from ros_animate.networks import build_networks
from ros_animate.networks.x2cnet import MEAN, STD

GOLDEN = Golden('x2cnet')


@pytest.fixture(scope='module')
def produced():
    network = GOLDEN.fill('mapping_network', build_networks('x2cnet')['mapping_network'])
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    image = (GOLDEN.image('image', 224, 224) - mean) / std
    with torch.inference_mode():
        return {'features': network.features(image), 'controls': network(image)}


@pytest.mark.parametrize('entry', GOLDEN.names())
def test_golden(entry, produced):
    GOLDEN.check(entry, produced[entry])
