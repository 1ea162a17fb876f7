"""Animators and extractors of several robots that share networks give what each gives alone."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from helpers import tiny_models

from ros_animate import plugins
from ros_animate.inference.batching import BatchedNetwork
from ros_animate.inference.sharing import shared_networks
from ros_animate.types import MOTION_ARRAYS, Frame

FAMILIES = tiny_models.FAMILIES


def at_once(networks: Sequence[BatchedNetwork], works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Results of the works; their calls of a network meet before it runs."""
    for network in networks:
        network._running = True
    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(work) for work in works]
        end_s = time.monotonic() + 180.0
        while not all(future.done() for future in futures):
            for network in networks:
                if len(network._waiting) == len(works) or time.monotonic() > end_s:
                    release(network)
            time.sleep(0.001)
    assert time.monotonic() < end_s, 'the calls did not come together'
    for network in networks:
        release(network)
    return [future.result() for future in futures]


def release(network: BatchedNetwork) -> None:
    """Ends the forward pass that seemed to run."""
    with network._changed:
        network._running = False
        network._changed.notify_all()


@pytest.fixture
def shared() -> Iterator[Callable[[], list[BatchedNetwork]]]:
    with shared_networks() as loaded:
        yield lambda: [network for one in loaded.values() for network in one.networks.values()]


@pytest.mark.parametrize('family', FAMILIES)
def test_three_robots_are_animated_as_each_alone(family, weights, portrait, frames, shared):
    options = {'weights': str(weights[family]), 'device': 'cpu', 'crop': False}
    extractors = [plugins.load('motion', family, options) for _ in range(3)]
    pictured = [Frame(frames[k], 0.0) for k in (0, 3, 5)]
    motions = at_once(shared(), [lambda e=e, f=f: e.extract(f)
                                 for e, f in zip(extractors, pictured, strict=True)])
    animators = [plugins.load('animation', family, options) for _ in range(3)]
    portraits = [portrait, portrait[:, ::-1].copy(), frames[0]]
    for animator, image in zip(animators, portraits, strict=True):
        animator.set_source(image)
        animator.calibrate(motions[0])
    images = at_once(shared(), [lambda a=a, m=m: a.animate(m).image
                                for a, m in zip(animators, motions, strict=True)])
    assert sum(3 in network.sizes for network in shared()) >= 2  # of extractor and animator
    for k in range(3):
        alone = plugins.load('animation', family, options)
        alone.set_source(portraits[k])
        alone.calibrate(motions[0])
        difference = np.abs(alone.animate(motions[k]).image.astype(int) - images[k])
        assert difference.max() <= 1
        motion = plugins.load('motion', family, options).extract(pictured[k])
        for name in MOTION_ARRAYS:
            if getattr(motion, name) is not None:
                np.testing.assert_allclose(getattr(motions[k], name), getattr(motion, name),
                                           rtol=1e-4, atol=1e-4)
