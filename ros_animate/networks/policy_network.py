"""The contract of learned policy networks: what running and training may rely on.

`ros_animate.policy.learned` runs such a network and `ros_animate.training.policy` trains it; both
use what is declared here and nothing else, so that a new network needs no change in either. Three
kinds of observation tensors exist: features of a motion (B, F), images (B, 3, S, S), and images
with a task embedding (B, Z), which follows the image as a second argument.
"""
from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor


class PolicyConfig(Protocol):
    """The configuration of a policy network; it is stored with the weights.

    `networks.actions.ActionOptions` implements it with the defaults given here.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Controls in the order of the outputs; empty: those of the robot."""

    @property
    def low(self) -> tuple[float, ...]:
        """Values at output -1 in robot units; empty: outputs are in robot units already."""

    @property
    def high(self) -> tuple[float, ...]:
        """Values at output 1 in robot units."""

    @property
    def strength(self) -> tuple[float, ...]:
        """Factor of each control's deviation from neutral; empty: 1."""

    @property
    def controls(self) -> int:
        """Number N of output controls."""

    @property
    def waypoints(self) -> int:
        """Number H of waypoints that the network predicts; 1: a single action."""

    @property
    def horizon(self) -> int:
        """Number of waypoints that were learned from sequences, at most `waypoints`."""

    @property
    def waypoint_s(self) -> float:
        """Time between waypoints in seconds."""

    @property
    def image_size(self) -> int:
        """Side S of the square input image in pixels; 0: the network takes features of a motion."""

    @property
    def task(self) -> int:
        """Width Z of the task embedding; 0: the network takes none."""

    @property
    def points(self) -> int:
        """Number K of the network's own feature points; 0: it has none."""


class ImageNormalisation(Protocol):
    """Mean and standard deviation by which images are normalised."""

    @property
    def mean(self) -> tuple[float, ...]:
        """(3,) mean of the colours, RGB in [0, 1]."""

    @property
    def std(self) -> tuple[float, ...]:
        """(3,) standard deviation of the colours."""


class ImagePolicyConfig(PolicyConfig, ImageNormalisation, Protocol):
    """The configuration of a policy network that takes images."""

    @property
    def view(self) -> float:
        """Part of the middle square that is shown to the network."""


@runtime_checkable
class PolicyNetwork(Protocol):
    """A network from observation to control values.

    Outputs are scaled to [-1, 1] where the configuration has `low` and `high`, else in robot units.
    """

    def __call__(self, observation: Tensor, task: Tensor | None = None, /) -> Tensor:
        """Observation, and task where the network takes one, to (B, N) or (B, H, N)."""

    def features(self, observation: Tensor, task: Tensor | None = None, /) -> Tensor:
        """The last hidden layer before the control values, (B, hidden)."""

    def predict_actions(self, features: Tensor) -> Tensor:
        """(B, hidden) features to control values (B, N) or waypoints (B, H, N)."""


@runtime_checkable
class FeaturePointNetwork(PolicyNetwork, Protocol):
    """A policy network with feature points of its own, which landmarks can supervise."""

    def observe(self, observation: Tensor, task: Tensor | None = None, /) -> tuple[Tensor, Tensor]:
        """Features (B, hidden) and feature points (B, K, 2), xy in [-1, 1]."""

    def locate(self, observation: Tensor, task: Tensor | None = None, /) -> Tensor:
        """Feature points (B, K, 2) alone."""

    def from_points(self, points: Tensor) -> Tensor:
        """Feature points (B, K, 2) to features (B, hidden), without an image."""


@runtime_checkable
class FeatureMapNetwork(PolicyNetwork, Protocol):
    """A policy network without feature points, whose early maps a locator can be attached to.

    Its head has a first layer (a linear one) and a rest, so that an auxiliary layer can take the
    place of the first one.
    """

    def observe(self, observation: Tensor, task: Tensor | None = None, /) -> tuple[Tensor, Tensor]:
        """Features (B, hidden) and the maps (B, C, h, w) that they were computed from."""

    def maps(self, observation: Tensor, task: Tensor | None = None, /) -> Tensor:
        """Maps (B, C, h, w) alone."""

    @property
    def map_channels(self) -> int:
        """Channels C of the maps."""

    @property
    def head_width(self) -> int:
        """Outputs of the head's first layer."""

    def first_layer(self, features: Tensor) -> Tensor:
        """(B, hidden) features to the head's first layer (B, head_width), before its activation."""

    def from_first_layer(self, values: Tensor) -> Tensor:
        """Outputs of the head's first layer (B, head_width) to control values."""
