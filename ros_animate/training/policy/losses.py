"""Training loss of a policy network."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.networks.actions import to_robot_units
from ros_animate.networks.policy_network import PolicyConfig, PolicyNetwork
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.policy.batches import Batch, LandmarkBatch
from ros_animate.training.policy.landmark_terms import landmark_distance, landmark_terms
from ros_animate.training.policy.options import TrainOptions


class PolicyObjective(nn.Module):
    """Huber loss of the waypoints, and terms for landmarks and twins where the data has them.

    - Landmarks: feature points learn to lie on them, and controls are learned from landmarks alone
      too, without an image; see `landmark_terms`.
    - Twins (a real and an animated image of one face): X2CNet's feature matching, 1 - cosine.

    One `forward` computes all terms, so that DDP averages their gradients over the processes.

    Args:
        network: Network of a policy.
        config: Its configuration.
        spec: The robot.
        options: Options of the training.
        landmarks: True if the batches have landmarks.

    Attributes:
        network: The network.
        landmark_terms: Terms for landmarks; None without landmarks, or if the network has none.
    """

    low: Tensor
    high: Tensor

    def __init__(self, network: nn.Module, config: PolicyConfig, spec: RobotSpec,
                 options: TrainOptions, landmarks: bool = False) -> None:
        super().__init__()
        self.network, self._config, self._options = network, config, options
        self.landmark_terms = landmark_terms(network) if landmarks else None
        self.register_buffer('low', torch.tensor(spec.low, dtype=torch.float32), False)
        self.register_buffer('high', torch.tensor(spec.high, dtype=torch.float32), False)

    def forward(self, batch: Batch, locate: bool = False) -> Tensor:
        """Loss of a batch.

        Args:
            batch: Examples.
            locate: True to use the terms for landmarks alone, without the later layers.
        """
        if locate:
            loss = self._options.landmark_weight * self._locating_loss(batch)
        elif self.landmark_terms is not None:
            loss = self._supervised_loss(batch)
        else:
            loss = self._huber(self.waypoints(batch), batch.target, batch.mask)
        if batch.landmark_batch is not None and self.landmark_terms is not None:
            loss = loss + self.landmark_loss(batch.landmark_batch)
        if batch.twin is not None and len(batch.twin) and self._options.feature_weight:
            loss = loss + self._options.feature_weight * self._twin_loss(batch)
        return loss

    def landmark_loss(self, batch: LandmarkBatch) -> Tensor:
        """Huber loss of the waypoints that are predicted from landmarks, without an image."""
        assert self.landmark_terms is not None
        outputs = self.landmark_terms.predict_actions(batch.landmarks)
        return self._huber(self._scaled(outputs), batch.target, batch.mask)

    def waypoints(self, batch: Batch, network: nn.Module | None = None) -> Tensor:
        """Predicted waypoints (B, H, N) scaled to [-1, 1].

        Args:
            batch: Examples.
            network: Network to use in the place of the objective's own.
        """
        return self._scaled((network or self.network)(*batch.inputs))

    def _supervised_loss(self, batch: Batch) -> Tensor:
        """Huber loss of the waypoints, and the distance of points from landmarks."""
        assert self.landmark_terms is not None and batch.landmarks is not None
        features, points = self.landmark_terms.observe(*batch.inputs)
        outputs = policy_network(self.network).predict_actions(features)
        loss = self._huber(self._scaled(outputs), batch.target, batch.mask)
        loss = loss + self._options.landmark_weight * landmark_distance(points, batch.landmarks)
        return loss + self.landmark_terms.alignment(features, batch.landmarks)

    def _locating_loss(self, batch: Batch) -> Tensor:
        """Distance of points from landmarks, in the images of which some are known."""
        assert self.landmark_terms is not None and batch.landmarks is not None
        known = batch.landmarks.isfinite().flatten(1).any(1)
        rows = known if known.any() else ~known
        points = self.landmark_terms.locate(*(part[rows] for part in batch.inputs))
        return landmark_distance(points, batch.landmarks[rows])

    def _scaled(self, outputs: Tensor) -> Tensor:
        """Outputs (B, N) or (B, H, N) as waypoints (B, H, N) scaled to [-1, 1]."""
        outputs = outputs.float()
        outputs = outputs[:, None] if outputs.ndim == 2 else outputs
        if self._config.low:
            return outputs
        low, high = self.low, self.high
        return 2 * (to_robot_units(outputs, self._config) - low) / (high - low) - 1

    def _huber(self, waypoints: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        distance = functional.huber_loss(waypoints, target, delta=self._options.huber_delta,
                                         reduction='none')
        return (distance * mask).sum() / mask.sum().clamp(min=1)

    def _twin_loss(self, batch: Batch) -> Tensor:
        """1 - cosine between the features of an image and of its twin."""
        assert batch.twin is not None and batch.paired is not None
        network = policy_network(self.network)
        task = () if batch.task is None else (batch.task[batch.paired],)
        features = network.features(batch.observation[batch.paired], *task)
        of_twins = network.features(batch.twin, *task)
        return (1 - functional.cosine_similarity(features.float(), of_twins.float())).mean()


def policy_network(network: nn.Module) -> PolicyNetwork:
    """The network by its contract; raises TypeError if it does not keep it."""
    if not isinstance(network, PolicyNetwork):
        raise TypeError(f'{type(network).__name__} lacks methods of PolicyNetwork')
    return network
