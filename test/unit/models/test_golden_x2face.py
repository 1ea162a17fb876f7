"""X2Face against the golden vectors of the reference."""
from __future__ import annotations

import pytest
import torch
from helpers.golden_data import Golden
from torch import Tensor

from ros_animate.networks import build_networks
from ros_animate.networks.x2face import DRIVING, EMBEDDING, Config

GOLDEN = Golden('x2face')


@pytest.fixture(scope='module')
def produced() -> dict[str, Tensor]:
    source, driving, other = (GOLDEN.image(name) for name in ('source', 'driving_1', 'driving_2'))
    out = {'check/source': source, 'check/driving_1': driving}
    nets = {name: GOLDEN.fill(f'x2face.{name}', network)
            for name, network in build_networks('x2face', Config()).items()}
    embedding, driver = nets[EMBEDDING], nets[DRIVING]
    with torch.inference_mode():
        vector = driver.encode(driving)
        out |= {'embedding_output': embedding.netG(source), 'driving_output': driver.shifts(vector),
                'driving_bottleneck': vector.relu()[:, :, None, None]}
        embeddings = [embedding(image) for image in (source, other)]
        for align_corners in (True, False):
            embedding.align_corners = driver.align_corners = align_corners
            prefix = 'align_corners' if align_corners else 'no_align_corners'
            one = embedding.combine([source], embeddings[:1])
            two = embedding.combine([source, other], embeddings)
            out |= {f'{prefix}/embedded_source': one,
                    f'{prefix}/one_source': driver.render(one, vector),
                    f'{prefix}/two_sources': driver.render(two, vector)}
    return out


@pytest.mark.parametrize('entry', GOLDEN.names())
def test_golden(entry: str, produced: dict[str, Tensor]) -> None:
    GOLDEN.check(entry, produced[entry])


def test_everything_is_compared(produced: dict[str, Tensor]) -> None:
    assert set(GOLDEN.names()) == set(produced)


def test_a_wrong_meaning_of_the_corners_is_noticed(produced: dict[str, Tensor]) -> None:
    with pytest.raises(AssertionError):
        GOLDEN.check('align_corners/one_source', produced['no_align_corners/one_source'])
