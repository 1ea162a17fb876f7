"""Configuration that policy networks share; it is stored with the weights."""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ros_animate.configuration import option
from ros_animate.networks.policy_network import ImageNormalisation, PolicyConfig

FRAME_S = 1 / 30  # usual interval of camera frames


@dataclass(frozen=True)
class ActionOptions:
    """The controls of a network's outputs. Empty: those of the robot, in its order and units."""

    names: tuple[str, ...] = option((), 'controls in the order of the outputs', length=1000)
    low: tuple[float, ...] = option((), 'values of the controls at the output -1, in robot units',
                                    length=1000)
    high: tuple[float, ...] = option((), 'values of the controls at the output 1', length=1000)
    strength: tuple[float, ...] = option((), 'factor of the deviation from neutral of each control '
                                             'when a person is imitated; empty: 1', length=1000)

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
                             f'{len(self.high)} upper limits')
        if self.strength and len(self.strength) != len(self.names):
            raise ValueError(f'{len(self.strength)} strengths for {len(self.names)} names')


@dataclass(frozen=True)
class ImageOptions:
    """The input image of a network: RGB in [0, 1], minus `mean`, divided by `std`."""

    view: float = option(1.0, 'part of the middle square that is the input', low=0.1, high=1.0)
    mean: tuple[float, ...] = option((0.485, 0.456, 0.406), 'mean of the colours', length=3)
    std: tuple[float, ...] = option((0.229, 0.224, 0.225), 'standard deviation of the colours',
                                    low=1e-6, length=3)


@dataclass(frozen=True)
class ChunkOptions:
    """The waypoints that a network predicts at once."""

    waypoints: int = option(10, 'number of waypoints', low=1, high=1000)
    waypoint_s: float = option(1 / 30, 'time between waypoints in seconds', low=1e-3)
    horizon: int = option(1, 'number of waypoints that were learned from sequences; 1 where the '
                             'training pairs had no order', low=1, high=1000)


def to_robot_units(values: Tensor, config: PolicyConfig) -> Tensor:
    """Outputs (…, N) in robot units."""
    if not config.low:
        return values
    low, high = (torch.tensor(ends, dtype=values.dtype, device=values.device)
                 for ends in (config.low, config.high))
    return low + (values + 1) * (high - low) / 2


def normalise_image(image: Tensor, config: ImageNormalisation) -> Tensor:
    """(B, 3, S, S) in [0, 1] to zero mean and unit variance of the configured statistics."""
    mean, std = (torch.tensor(v, dtype=image.dtype, device=image.device)[:, None, None]
                 for v in (config.mean, config.std))
    return (image - mean) / std
