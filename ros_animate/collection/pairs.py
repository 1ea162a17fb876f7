"""Makers of pairs: (picture, control values) number i of a seed is the same on every machine."""
from __future__ import annotations

import abc
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ros_animate.types import Array

# Streams of random numbers, one for each purpose.
CONTROLS, PICTURE, FACE, MORE = range(4)


@dataclass(frozen=True)
class Pair:
    """What a picture shows.

    Attributes:
        picture: Content of a JPEG file.
        values: (N,) control values.
        landmarks: (K, 2) where FEATURE_POINTS of the face mesh are, of the picture's width and
            height; None where nobody knows.
    """

    picture: bytes
    values: Array
    landmarks: Array | None = None


class PairMaker(abc.ABC):
    """Makes pairs in blocks: a block is what one worker does at a time.

    Attributes:
        block_size: Pairs of a block; they share what is slow to make.
    """

    block_size: int

    @abc.abstractmethod
    def make(self, block: int, start: int, stop: int) -> Iterator[Pair]:
        """Pairs number `start` to `stop` of a block; the others are not asked for."""

    def close(self) -> None:
        """Releases what `make` has opened."""


def stream(seed: int, purpose: int, *numbers: int) -> np.random.Generator:
    """Random numbers that depend on nothing else."""
    return np.random.default_rng((seed, purpose, *numbers))
