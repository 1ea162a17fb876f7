"""Gains that slowly follow how much a person shows: people differ in that.

The strength of a region is the largest movement of its blendshapes. Its running median over the
time in which the region moves is compared with the usual one: somebody who hardly smiles makes a
robot that smiles, and somebody lively one that does not grimace all day.
"""
from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.configuration import option
from ros_animate.types import Array

# Beginnings of the blendshapes of each region. Lids close and eyes turn with everybody as far.
REGIONS = (('brow',), ('jaw', 'mouth', 'cheek', 'nose'))
STILL = 0.1  # smallest movement of a blendshape that counts
USUAL = 0.45  # median of the movements of a region, of random expressions of people
STEP = 0.25  # by which a median moves in the time `range_s`


@dataclass(frozen=True)
class RangeOptions:
    """Adaptation of the gains to a person."""

    range_s: float = option(0.0, 'time of movement in which the gains of brows and mouth follow '
                                 'how much the person usually shows by 0.25; 0: the robot shows as '
                                 'much as the person', low=0.0)
    range_limit: float = option(1.5, 'greatest factor of those gains; the least is 1 over it',
                                low=1.0, high=3.0)


class PersonRange:
    """Factors of a person's movements by region.

    Args:
        features: Names of the features that are moved; regions without any keep the factor 1.
    """

    def __init__(self, features: Sequence[str]) -> None:
        self._features = tuple(features)
        self._regions = _regions(self._features)
        self.reset()

    def reset(self) -> None:
        """Forgets the person."""
        self._medians = np.full(len(REGIONS), USUAL)

    def factors_of(self, names: tuple[str, ...]) -> Array:
        """Present factors of features."""
        factors = np.ones(len(names))
        for region, median in zip(_regions(names), self._medians):
            factors[region] = USUAL / median
        return factors

    def step(self, moved: Array, dt_s: float, options: RangeOptions) -> Array:
        """(F,) factors after a frame; 1 while `range_s` is 0.

        Args:
            moved: (F,) the features' differences from the person's neutral face.
            dt_s: Time since the last frame.
            options: Speed and limit.
        """
        limit = options.range_limit
        if options.range_s == 0:
            self.reset()
            return np.ones(len(self._features))
        for index, region in enumerate(self._regions):
            shown, median = float(np.abs(moved[region]).max(initial=0.0)), self._medians[index]
            if shown > STILL:
                way = STEP * dt_s / options.range_s
                median += np.clip(shown - median, -way, way)
            self._medians[index] = np.clip(median, USUAL / limit, USUAL * limit)
        return self.factors_of(self._features)


@functools.lru_cache(maxsize=16)
def _regions(names: tuple[str, ...]) -> list[np.ndarray]:
    """True for the features of each region."""
    return [np.array([name.startswith(begin) for name in names], bool) for begin in REGIONS]
