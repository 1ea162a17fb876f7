"""Pairs of an image and control values, and their makers."""
from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ros_animate.types import Array

# Purposes of random numbers; each has a stream of its own.
CONTROLS, IMAGE, FACE, EXAGGERATION = range(4)


@dataclass(frozen=True)
class Pair:
    """An image and the control values that it shows.

    Attributes:
        jpeg: Content of a JPEG file.
        values: (N,) control values.
        landmarks: (K, 2) places of the face mesh's FEATURE_POINTS as fractions of the image's width
            and height; None if unknown.
    """

    jpeg: bytes
    values: Array
    landmarks: Array | None = None


class PairMaker(abc.ABC):
    """Makes pairs in blocks; a worker makes one block at a time.

    Pair number i of a seed is the same on every machine.

    Attributes:
        block_size: Number of pairs in a block; they share what is slow to make.
    """

    block_size: int

    @abc.abstractmethod
    def make(self, block: int, start: int, stop: int) -> Iterator[Pair]:
        """Yields pairs number `start` to `stop` of a block."""

    def close(self) -> None:
        """Releases the resources that `make` has opened."""


def random_stream(seed: int, purpose: int, *numbers: int) -> np.random.Generator:
    """Random numbers that depend on the arguments alone."""
    return np.random.default_rng((seed, purpose, *numbers))
