"""What the networks of policies share: what travels with their weights, besides the weights."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ros_animate.configuration import option

FRAME_S = 1 / 30  # usual interval of camera frames


@dataclass(frozen=True)
class ActionOptions:
    """The controls that a network speaks of. Empty: those of the robot, in its order and units."""

    names: tuple[str, ...] = option((), 'controls in the order of the outputs')
    low: tuple[float, ...] = option((), 'values of the controls at the output -1, in robot units')
    high: tuple[float, ...] = option((), 'values of the controls at the output 1')
    strength: tuple[float, ...] = option((), 'of each movement when a person is imitated: a factor '
                                             'of the deviation from neutral; empty: 1')

    @property
    def controls(self) -> int:
        """Number of control values."""
        return len(self.names)

    @property
    def waypoints(self) -> int:
        """Number of waypoints that the network predicts."""
        return 1

    @property
    def horizon(self) -> int:
        """Number of waypoints that were learned from sequences."""
        return 1

    @property
    def waypoint_s(self) -> float:
        """Time between waypoints in seconds."""
        return FRAME_S

    @property
    def image_size(self) -> int:
        """Side of the input image in pixels; 0: the network takes none."""
        return 0

    @property
    def task(self) -> int:
        """Width of the task embedding; 0: the network takes none."""
        return 0

    @property
    def points(self) -> int:
        """Number of the network's own feature points; 0: it has none."""
        return 0

    def __post_init__(self) -> None:
        unequal = len(self.low) != len(self.high)
        if unequal or (self.low and len(self.names) not in (0, len(self.low))):
            raise ValueError(f'{len(self.names)} names, {len(self.low)} lower and '
                             f'{len(self.high)} upper ends')
        if self.strength and len(self.strength) != len(self.names):
            raise ValueError(f'{len(self.strength)} strengths for {len(self.names)} names')


@dataclass(frozen=True)
class ImageOptions:
    """The picture that a network sees: RGB in [0, 1], then less `mean`, divided by `std`."""

    view: float = option(1.0, 'part of the middle square that is seen', low=0.1, high=1.0)
    mean: tuple[float, ...] = option((0.485, 0.456, 0.406), 'of the colours')
    std: tuple[float, ...] = option((0.229, 0.224, 0.225), 'of the colours')


@dataclass(frozen=True)
class ChunkOptions:
    """The waypoints that a network says at once."""

    waypoints: int = option(10, 'how many', low=1)
    waypoint_s: float = option(1 / 30, 'time between them', low=1e-3)
    horizon: int = option(1, 'how many of them were learned from sequences; pairs without an order '
                             'say nothing of what comes next', low=1)


def to_robot_units(values: Tensor, options: ActionOptions) -> Tensor:
    """Outputs (…, N) in robot units."""
    if not options.low:
        return values
    low, high = (torch.tensor(ends, dtype=values.dtype, device=values.device)
                 for ends in (options.low, options.high))
    return low + (values + 1) * (high - low) / 2


def normalise_image(picture: Tensor, options: Any) -> Tensor:
    """(B, 3, S, S) in [0, 1] as a network with ImageOptions wants it."""
    mean, std = (torch.tensor(v, dtype=picture.dtype, device=picture.device)[:, None, None]
                 for v in (options.mean, options.std))
    return (picture - mean) / std
