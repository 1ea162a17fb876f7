"""Loss terms by which landmarks supervise a policy network."""
from __future__ import annotations

import abc

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.networks.feature_points import Locator, shape_and_position
from ros_animate.networks.policy_network import FeatureMapNetwork, FeaturePointNetwork

_NEAR = 0.02  # distance of points below which their loss is quadratic: a pixel of 100


class LandmarkTerms(nn.Module, abc.ABC):
    """Supervision of a network by landmarks.

    Layers of its own are trained with the network and are not kept. The network is not a submodule.
    """

    @abc.abstractmethod
    def observe(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, hidden) of the network, and points (B, K, 2) that should be landmarks."""

    @abc.abstractmethod
    def locate(self, *inputs: Tensor) -> Tensor:
        """Points (B, K, 2) alone."""

    @abc.abstractmethod
    def predict_actions(self, landmarks: Tensor) -> Tensor:
        """Outputs of the network for landmarks (B, K, 2) in the place of an image."""

    def alignment(self, features: Tensor, landmarks: Tensor) -> Tensor:
        """Loss between features of images and those of their landmarks (B, K, 2); 0 without."""
        return features.new_zeros((), dtype=torch.float32)


class FeaturePointTerms(LandmarkTerms):
    """Landmarks for a network with feature points: they are its points."""

    def __init__(self, network: FeaturePointNetwork) -> None:
        super().__init__()
        self._network = (network,)  # a tuple hides it from torch

    def observe(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        return self._network[0].observe(*inputs)

    def locate(self, *inputs: Tensor) -> Tensor:
        return self._network[0].locate(*inputs)

    def predict_actions(self, landmarks: Tensor) -> Tensor:
        network = self._network[0]
        return network.predict_actions(network.from_points(landmarks))


class FeatureMapTerms(LandmarkTerms):
    """Landmarks for a network without feature points, by two layers that are not kept.

    A locator finds landmarks on the network's early maps. A linear layer with landmarks as input
    takes the place of the head's first layer, so that the rest of the head learns from landmarks
    alone. The head's first layer learns to give for an image what that layer gives for its
    landmarks.
    """

    def __init__(self, network: FeatureMapNetwork) -> None:
        super().__init__()
        self._network = (network,)  # a tuple hides it from torch
        self.locator = Locator(network.map_channels, len(FEATURE_POINTS))
        self.entry = nn.Linear(2 * len(FEATURE_POINTS) + 2, network.head_width)

    def observe(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        features, maps = self._network[0].observe(*inputs)
        return features, self.locator(maps)

    def locate(self, *inputs: Tensor) -> Tensor:
        return self.locator(self._network[0].maps(*inputs))

    def predict_actions(self, landmarks: Tensor) -> Tensor:
        return self._network[0].from_first_layer(self.entry(shape_and_position(landmarks)))

    def alignment(self, features: Tensor, landmarks: Tensor) -> Tensor:
        """Smooth L1 distance between the head's first layer and the layer for landmarks.

        Images of which not all landmarks are known do not count.
        """
        known = landmarks.isfinite().all(2).all(1)
        from_image = self._network[0].first_layer(features).float()
        points = landmarks.where(known[:, None, None], 0.0)
        target = self.entry(shape_and_position(points)).detach().float()
        distance = functional.smooth_l1_loss(from_image, target, reduction='none').mean(1)
        return (distance * known).sum() / known.sum().clamp(min=1)


def landmark_terms(network: nn.Module) -> LandmarkTerms | None:
    """Terms that the network offers; None if landmarks cannot supervise it."""
    if isinstance(network, FeaturePointNetwork):
        return FeaturePointTerms(network)
    if isinstance(network, FeatureMapNetwork):
        return FeatureMapTerms(network)
    return None


def landmark_distance(points: Tensor, landmarks: Tensor) -> Tensor:
    """Smooth L1 distance of points (B, K, 2) from landmarks, of which some may be unknown (NaN)."""
    known = landmarks.isfinite()
    distance = functional.smooth_l1_loss(points.float(), landmarks.where(known, 0.0), beta=_NEAR,
                                         reduction='none')
    return (distance * known).sum() / known.sum().clamp(min=1)
