"""A compact residual network that FiLM (Perez et al., AAAI 2018) conditions on a task."""
from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.configuration import option
from ros_animate.networks.actions import ActionOptions, ChunkOptions, ImageOptions
from ros_animate.networks.feature_points import Locator, shape_and_position
from ros_animate.networks.layers import parameter_dtype
from ros_animate.networks.resnet import shortcut

# Groups of Ameca's controls: brow, lid, gaze, head, mouth, nose.
_GROUPS = (0,) * 4 + (1,) * 4 + (2,) * 2 + (3,) * 3 + (4,) * 14 + (3,) * 2 + (5,)

_POINTS_AT = 2  # stages before the feature points: a map of an eighth of the image's side

# Least channels: with fewer, oneDNN's AVX2 gradient of a strided 1x1 convolution writes outside of
# its memory.
_LEAST = 8


@dataclass(frozen=True)
class Config(ChunkOptions, ImageOptions, ActionOptions):
    """Options of the network."""

    image_size: int = option(112, 'Side of the square images in pixels', low=32, high=4096)
    view: float = option(0.85, 'part of the middle square that is the input', low=0.1, high=1.0)
    groups: tuple[int, ...] = option(_GROUPS, 'Head of each control, from 0 on',
                                     low=0, high=1000, length=1000)
    stem: int = option(24, 'Channels of the first convolution', low=1, high=16384)
    widths: tuple[int, ...] = option((32, 64, 128, 192), 'Channels of the stages; all but the '
                                     'last one halve the resolution', low=1, high=16384, length=16)
    depth: int = option(2, 'Blocks in a stage', low=1, high=100)
    points: int = option(128, 'Feature points; landmarks supervise them where a data set has some '
                              '(128 of the face mesh)', low=1, high=1000)
    squeeze: int = option(48, 'Channels of the map that is flattened with its positions', low=1,
                          high=16384)
    hidden: int = option(256, 'Size of the hidden layers of the heads', low=1, high=16384)
    task: int = option(512, 'Width of the task embedding', low=1, high=16384)

    def __post_init__(self) -> None:
        super().__post_init__()
        least = min(self.stem, *self.widths)
        if least < _LEAST:
            raise ValueError(f'stem and widths: {least} channels, {_LEAST} are the least')
        if len(self.widths) < _POINTS_AT:
            raise ValueError(f'widths: {len(self.widths)} stages, {_POINTS_AT} are the least')

    @property
    def controls(self) -> int:
        """Number of control values."""
        return len(self.groups)

    @property
    def grid(self) -> int:
        """Side of the last feature map."""
        return -(-self.image_size // 2 ** len(self.widths))


class FilmBlock(nn.Module):
    """Two 3x3 convolutions, scale and offset from the task embedding, and a shortcut."""

    FUSIBLE: ClassVar = (('conv1', 'bn1'), ('conv2', 'bn2'))

    def __init__(self, inputs: int, features: int, stride: int, task: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, features, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(features)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(features)
        self.film = nn.Linear(task, 2 * features)
        self.downsample = shortcut(inputs, features, stride)
        for parameter in self.film.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, task: Tensor) -> Tensor:
        out = functional.relu(self.bn1(self.conv1(x)))
        gamma, beta = self.film(task)[:, :, None, None].chunk(2, dim=1)
        out = torch.addcmul(beta, self.bn2(self.conv2(out)), 1 + gamma)
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


class BcZ(nn.Module):
    """Image and task embedding to waypoints.

    Features are the sum of two parts. The first comes from the feature points, the geometry of the
    face; it predicts most of the controls and can be learned from landmarks, without images. The
    second one comes from a flattened feature map and adds folds, shading and the neck; a global
    average would lose their positions.
    """

    half_precision = True
    order: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden
        self._early = _POINTS_AT * config.depth
        self.stem = nn.Sequential(
            nn.Conv2d(3, config.stem, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(config.stem), nn.ReLU())
        self.blocks = nn.ModuleList(_blocks(config))
        self.locator = Locator(config.widths[_POINTS_AT - 1], config.points)
        self.geometry = nn.Sequential(
            nn.Linear(2 * config.points + 2, hidden), nn.ReLU(), nn.Linear(hidden, hidden),
            nn.ReLU(), nn.Linear(hidden, hidden))
        last = nn.Linear(hidden, hidden)
        nn.init.zeros_(last.weight)
        self.squeeze = nn.Sequential(
            nn.Conv2d(config.widths[-1], config.squeeze, 1, bias=False),
            nn.BatchNorm2d(config.squeeze), nn.ReLU(), nn.Flatten(),
            nn.Linear(config.squeeze * config.grid ** 2, hidden), nn.ReLU(), last)
        members = [[i for i, g in enumerate(config.groups) if g == head]
                   for head in sorted(set(config.groups))]
        self.heads = nn.ModuleList(_head(config, len(controls)) for controls in members)
        order = torch.tensor([i for controls in members for i in controls]).argsort()
        self.register_buffer('order', order, persistent=False)

    def observe(self, image: Tensor, task: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) and (B, Z) to features (B, hidden) and feature points (B, K, 2)."""
        task = self._task(image, task)
        x = self._maps(image, task)
        points = self.locator(x)
        for block in self.blocks[self._early:]:
            x = block(x, task)
        return functional.relu(self._geometry(points) + self.squeeze(x)), points

    def locate(self, image: Tensor, task: Tensor | None = None) -> Tensor:
        """(B, 3, S, S) and (B, Z) to feature points (B, K, 2)."""
        return self.locator(self._maps(image, self._task(image, task)))

    def _maps(self, image: Tensor, task: Tensor) -> Tensor:
        x = self.stem(image)
        for block in self.blocks[:self._early]:
            x = block(x, task)
        return x

    def _task(self, image: Tensor, task: Tensor | None) -> Tensor:
        return image.new_zeros(len(image), self.config.task) if task is None else task

    def features(self, image: Tensor, task: Tensor | None = None) -> Tensor:
        """(B, 3, S, S) and (B, Z) to (B, hidden)."""
        return self.observe(image, task)[0]

    def from_points(self, points: Tensor) -> Tensor:
        """(B, K, 2) in [-1, 1] to features (B, hidden), without an image."""
        return functional.relu(self._geometry(points))

    def _geometry(self, points: Tensor) -> Tensor:
        return self.geometry(shape_and_position(points).to(parameter_dtype(self.geometry)))

    def predict_actions(self, features: Tensor) -> Tensor:
        """(B, hidden) to waypoints (B, H, N)."""
        parts = [head(features).unflatten(1, (self.config.waypoints, -1)) for head in self.heads]
        return torch.cat(parts, 2)[:, :, self.order]

    def forward(self, image: Tensor, task: Tensor | None = None) -> Tensor:
        return self.predict_actions(self.features(image, task))


def _blocks(config: Config) -> list[FilmBlock]:
    blocks, inputs = [], config.stem
    for index, features in enumerate(config.widths):
        stride = 1 if index == len(config.widths) - 1 else 2
        for _ in range(config.depth):
            blocks.append(FilmBlock(inputs, features, stride, config.task))
            inputs, stride = features, 1
    return blocks


def _head(config: Config, controls: int) -> nn.Sequential:
    hidden = config.hidden
    return nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden),
                         nn.ReLU(), nn.Linear(hidden, config.waypoints * controls))
