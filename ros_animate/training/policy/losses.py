"""What training makes small."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.networks.actions import to_robot_units
from ros_animate.networks.feature_points import Locator, shape_and_position
from ros_animate.networks.x2cnet import MAP_CHANNELS, MappingNetwork
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.policy.data import Batch, Geometry
from ros_animate.training.policy.options import TrainOptions

_NEAR = 0.02  # distance of points below which their loss is quadratic: a pixel of 100


class Guide(nn.Module):
    """What lets X2CNet's network learn from landmarks, and is not kept.

    A locator finds them on its early maps. A linear layer puts them in the place of the head's
    first layer, so that the rest of the head learns from landmarks alone; the head's first layer
    is to make of a picture what that one makes of its landmarks.
    """

    def __init__(self, network: MappingNetwork) -> None:
        super().__init__()
        self.locator = Locator(MAP_CHANNELS, len(FEATURE_POINTS))
        first = network.pos_pred_head[0]
        assert isinstance(first, nn.Linear)
        self.entry = nn.Linear(2 * len(FEATURE_POINTS) + 2, first.out_features)

    def decide(self, network: MappingNetwork, points: Tensor) -> Tensor:
        """(B, K, 2) landmarks to control values (B, N)."""
        said: Tensor = network.pos_pred_head[1:](self.entry(shape_and_position(points)))
        return said

    def unlike(self, network: MappingNetwork, features: Tensor,
               landmarks: Tensor | None) -> Tensor:
        """How far the head's first layer is from hearing landmarks (B, K, 2) in features (B, 512).

        Pictures of which not all landmarks are known do not count.
        """
        assert landmarks is not None
        known = landmarks.isfinite().all(2).all(1)
        heard = network.pos_pred_head[0](features).float()
        wanted = self.entry(shape_and_position(landmarks.where(known[:, None, None], 0.0))).detach().float()
        away = functional.smooth_l1_loss(heard, wanted, reduction='none').mean(1)
        return (away * known).sum() / known.sum().clamp(min=1)


class Objective(nn.Module):
    """Huber loss of the waypoints, and what else a data set can teach.

    - Where it has landmarks, feature points are to lie on them; a network that decides by its
      feature points learns from the true ones too, which need no picture. For X2CNet's network,
      which has none, a guide does both.
    - Where it has twins (a real and an animated picture of one face), X2CNet's matching of
      features: 1 - cosine between them.

    One `forward` holds all, so that gradients of several processes are gathered.

    Args:
        network: Of a policy.
        model: Its configuration.
        spec: The robot.
        options: Of the training.
        landmarks: The batches have some.

    Attributes:
        guide: Of a network without feature points; else None.
    """

    low: Tensor
    high: Tensor

    def __init__(self, network: nn.Module, model: Any, spec: RobotSpec, options: TrainOptions,
                 landmarks: bool = False) -> None:
        super().__init__()
        self.network, self._model, self._options = network, model, options
        self._located = landmarks
        self.guide = (Guide(network) if landmarks and isinstance(network, MappingNetwork)
                      else None)
        self.register_buffer('low', torch.tensor(spec.low, dtype=torch.float32), False)
        self.register_buffer('high', torch.tensor(spec.high, dtype=torch.float32), False)

    def forward(self, batch: Batch, locate: bool = False) -> Tensor:
        """Of a batch; with `locate`, of what landmarks alone teach."""
        network: Any = self.network
        if locate:
            loss = self._options.landmark_weight * self._lost(batch)
        elif self._located:
            features, seen = network.observe(*_given(batch))
            loss = self._distance(self._decide(features), batch.wanted, batch.counts)
            points = seen if self.guide is None else self.guide.locator(seen)
            loss = loss + self._options.landmark_weight * _astray(points, batch.landmarks)
            if self.guide is not None:
                loss = loss + self.guide.unlike(network, features, batch.landmarks)
        else:
            loss = self._distance(self.waypoints(batch), batch.wanted, batch.counts)
        if batch.geometry is not None:
            loss = loss + self.from_geometry(batch.geometry)
        if batch.twin is not None and len(batch.twin) and self._options.feature_weight:
            loss = loss + self._options.feature_weight * self._mismatch(batch)
        return loss

    def from_geometry(self, geometry: Geometry) -> Tensor:
        """Huber loss of the waypoints that follow from landmarks, without a picture."""
        network: Any = self.network
        places = geometry.landmarks
        said = self._decide(network.from_points(places)) if self.guide is None else (
            self._scaled(self.guide.decide(network, places)))
        return self._distance(said, geometry.wanted, geometry.counts)

    def waypoints(self, batch: Batch, network: nn.Module | None = None) -> Tensor:
        """(B, H, N) scaled to [-1, 1], by `network` in the place of the own one."""
        return self._scaled((network or self.network)(*_given(batch)))

    def _lost(self, batch: Batch) -> Tensor:
        """How far feature points are from landmarks, in the pictures of which some are known."""
        network: Any = self.network
        assert batch.landmarks is not None
        known = batch.landmarks.isfinite().flatten(1).any(1)
        rows = known if known.any() else ~known
        given = [part[rows] for part in _given(batch)]
        points = (network.locate(*given) if self.guide is None
                  else self.guide.locator(network.maps(*given)))
        return _astray(points, batch.landmarks[rows])

    def _decide(self, features: Tensor) -> Tensor:
        network: Any = self.network
        return self._scaled(network.predict_actions(features))

    def _scaled(self, said: Tensor) -> Tensor:
        said = said.float()
        said = said[:, None] if said.ndim == 2 else said
        if self._model.low:
            return said
        low, high = self.low, self.high
        return 2 * (to_robot_units(said, self._model) - low) / (high - low) - 1

    def _distance(self, said: Tensor, wanted: Tensor, counts: Tensor) -> Tensor:
        distance = functional.huber_loss(said, wanted, delta=self._options.huber_delta,
                                         reduction='none')
        return (distance * counts).sum() / counts.sum().clamp(min=1)

    def _mismatch(self, batch: Batch) -> Tensor:
        assert batch.twin is not None and batch.paired is not None
        network: Any = self.network
        task = () if batch.task is None else (batch.task[batch.paired],)
        one = network.features(batch.observation[batch.paired], *task)
        other = network.features(batch.twin, *task)
        return (1 - functional.cosine_similarity(one.float(), other.float())).mean()


def _given(batch: Batch) -> tuple[Tensor, ...]:
    return (batch.observation,) if batch.task is None else (batch.observation, batch.task)


def _astray(points: Tensor, landmarks: Tensor | None) -> Tensor:
    """Smooth L1 distance of points (B, K, 2) from landmarks, of which some may be NaN: unknown."""
    assert landmarks is not None
    known = landmarks.isfinite()
    distance = functional.smooth_l1_loss(points.float(), landmarks.where(known, 0.0), beta=_NEAR,
                                         reduction='none')
    return (distance * known).sum() / known.sum().clamp(min=1)
