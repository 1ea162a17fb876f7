"""Training and validation data of a policy: pairs of several folders."""
from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor

from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.networks.policy_network import ImagePolicyConfig, PolicyConfig
from ros_animate.robot.control_error import scaled, visible
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core.augmentation import random_framing, reframe
from ros_animate.training.core.order import Indices, Order
from ros_animate.training.core.pair_folder import DataError, Folder, Pair, is_held_back
from ros_animate.training.policy.batches import Batch, LandmarkBatch
from ros_animate.training.policy.motions import folder_motions
from ros_animate.training.policy.observations import (
    ImageObservations,
    MotionObservations,
    Observations,
    Usable,
)
from ros_animate.training.policy.options import TrainOptions

_LANDMARK_NOISE = 0.015  # largest standard deviation, of half the image: a pixel of 128


class PolicyData:
    """Pairs of several folders, some of them held back.

    Args:
        folders: Folders with at least one pair each.
        weights: Share of each folder in the batches; None: by its size.
        spec: The robot.
        config: Configuration of the network.
        options: Options of the training.
        takes_images: True if the network takes images, False if it takes features of motions.
        quiet: True to show no progress of the face tracker.

    Attributes:
        folders: The folders.
        pairs: All pairs, in order.
        values: (T, N) their control values in robot units.
        held_back: Indices of the pairs for validation.
        order: Order of the training pairs.
        landmarks: (T, K, 2) landmarks for training, NaN where unknown; None if there are none.
        observations: Observations of all pairs, and of their twins after them.
    """

    def __init__(self, folders: Sequence[Folder], weights: Sequence[float] | None,
                 spec: RobotSpec, config: PolicyConfig, options: TrainOptions, takes_images: bool,
                 quiet: bool = True) -> None:
        self.folders = folders
        self._options, self._task_width = options, config.task
        self.pairs = [pair for folder in folders for pair in folder.pairs]
        self.values = np.stack([pair.values for pair in self.pairs])
        groups, self.held_back = _split(folders, options)
        self.order = Order(groups, weights, options.seed)
        self._future = future(self.pairs, config.waypoints)
        self._targets = torch.from_numpy(scaled(self.values, spec).astype(np.float32))
        self._visible = torch.from_numpy(visible(self.values, spec).astype(np.float32))
        self._tasks = self._task_embeddings()
        self._twin_of: dict[int, int] = {}
        self.landmarks: Tensor | None = None
        if takes_images:
            image_config = cast(ImagePolicyConfig, config)
            self.observations: Observations = self._image_observations(image_config)
            if options.landmark_weight > 0:
                self.landmarks = _landmarks(self.pairs, image_config.view)
        else:
            features = np.concatenate([folder_motions(folder, quiet) for folder in folders])
            self.observations = MotionObservations(features, options)
        self._with_landmarks = self._fully_known_landmarks()

    @property
    def unreadable(self) -> list[pathlib.Path]:
        """Image files that turned out to be unreadable so far; they are skipped."""
        return self.observations.unreadable

    def batch(self, step: int, size: int, side: int, rank: int = 0, ranks: int = 1) -> Batch:
        """This process's share of the batch of a step: a function of seed and step alone.

        Args:
            step: Number of the step, from 0 on.
            size: Pairs over all processes.
            side: Width and height of the images in pixels.
            rank: Number of this process.
            ranks: Number of processes.
        """
        indices = self.order.batch(step, size)[rank::ranks]
        random = self._random(step, rank)
        observation, usable, frames = self.observations.augmented(indices, random, side)
        target, mask = self._target(indices, usable)
        task = None
        if self._task_width:
            noise = torch.randn(len(indices), self._task_width, generator=random)
            task = self._tasks[torch.as_tensor(indices)] + self._options.task_noise * noise
        landmarks = None
        if self.landmarks is not None and frames is not None:
            landmarks = reframe(self.landmarks[torch.as_tensor(indices)], frames)
        return Batch(observation, target, mask, task, *self._twins(indices, random, side),
                     landmarks, self._landmark_batch(random))

    def landmark_batch(self, step: int) -> LandmarkBatch | None:
        """Landmarks and their controls, equal in all processes; None without landmarks."""
        return self._landmark_batch(self._random(step, 0, 1))

    def plain(self, indices: Indices) -> tuple[Batch, Usable]:
        """Examples without augmentation, and which of them are usable (B,)."""
        observation, usable, _ = self.observations.plain(indices)
        task = self._tasks[torch.as_tensor(indices)] if self._task_width else None
        return Batch(observation, *self._target(indices, usable), task), usable

    def _random(self, *stream: int) -> torch.Generator:
        seed = np.random.default_rng((self._options.seed, *stream)).integers(2 ** 63)
        return torch.Generator().manual_seed(int(seed))

    def _target(self, indices: Indices, usable: Usable) -> tuple[Tensor, Tensor]:
        """Targets and masks (B, H, N)."""
        ahead = torch.as_tensor(self._future[indices])
        mask = self._visible[ahead] * torch.as_tensor(usable)[:, None, None]
        return self._targets[ahead], mask

    def _landmark_batch(self, random: torch.Generator) -> LandmarkBatch | None:
        """Landmarks of random training pairs, with other framings and noise."""
        if self.landmarks is None or not len(self._with_landmarks):
            return None
        count = self._options.geometry_batch
        drawn = self._with_landmarks[torch.randint(len(self._with_landmarks), (count,),
                                                   generator=random).numpy()]
        framed = reframe(self.landmarks[torch.as_tensor(drawn)],
                         random_framing(count, self._options, random))
        spread = _LANDMARK_NOISE * torch.rand(count, 1, 1, generator=random)
        noise = spread * torch.randn(framed.shape, generator=random)
        return LandmarkBatch(framed + noise, *self._target(drawn, np.ones(count, bool)))

    def _fully_known_landmarks(self) -> Indices:
        """Training pairs whose landmarks are all known."""
        if self.landmarks is None or not self._options.geometry_batch:
            return np.empty(0, np.int64)
        known = self.landmarks.isfinite().all(2).all(1).numpy()
        return np.setdiff1d(np.flatnonzero(known), self.held_back)

    def _image_observations(self, config: ImagePolicyConfig) -> ImageObservations:
        twins = [(i, p.twin) for i, p in enumerate(self.pairs) if p.twin]
        self._twin_of = {i: len(self.pairs) + k for k, (i, _) in enumerate(twins)}
        files = [*(p.image for p in self.pairs), *(twin for _, twin in twins)]
        return ImageObservations(files, config, self._options)

    def _twins(self, indices: Indices, random: torch.Generator,
               side: int) -> tuple[Tensor | None, Tensor | None]:
        """Observations of the twins, and the rows of the batch that have one."""
        rows = [row for row, i in enumerate(indices) if i in self._twin_of]
        if not rows:
            return None, None
        twins = np.array([self._twin_of[indices[row]] for row in rows])
        observation, usable, _ = self.observations.augmented(twins, random, side)
        keep = torch.as_tensor(usable)
        return observation[keep], torch.tensor(rows)[keep]

    def _task_embeddings(self) -> Tensor:
        """(T, Z)."""
        rows = []
        for folder in self.folders:
            task = np.zeros(self._task_width) if folder.task is None else folder.task
            if self._task_width and task.shape != (self._task_width,):
                raise DataError(f'{folder.path}: the task embedding has shape {task.shape}, the '
                                f'network takes ({self._task_width},)')
            rows += [torch.as_tensor(task, dtype=torch.float32)] * len(folder.pairs)
        return torch.stack(rows)


def _landmarks(pairs: Sequence[Pair], view: float) -> Tensor | None:
    """(T, K, 2), xy in [-1, 1] of the part that is shown, NaN where unknown; None without any."""
    if all(pair.landmarks is None for pair in pairs):
        return None
    unknown = np.full((len(FEATURE_POINTS), 2), np.nan)
    points = np.stack([unknown if p.landmarks is None else p.landmarks for p in pairs])
    return torch.from_numpy((2 * points - 1) / view).float()


def future(pairs: Sequence[Pair], waypoints: int) -> Indices:
    """(T, H) indices of each pair and its next ones; the last of a sequence is repeated."""
    ahead = np.empty((len(pairs), waypoints), np.int64)
    for i in reversed(range(len(pairs))):
        follows = i + 1 < len(pairs) and pairs[i].sequence is not None and (
            pairs[i].sequence == pairs[i + 1].sequence)
        ahead[i, 0] = i
        ahead[i, 1:] = ahead[i + 1, :-1] if follows else i
    return ahead


def _split(folders: Sequence[Folder], options: TrainOptions) -> tuple[list[Indices], Indices]:
    """Indices of each folder's training pairs, and of the pairs that are held back."""
    groups, held_back, first = [], [], 0
    for folder in folders:
        held = np.array([is_held_back(pair, options.validation) for pair in folder.pairs])
        indices = np.arange(first, first + len(held))
        if held.all():
            raise DataError(f'{folder.path}: no pairs are left for training')
        groups.append(indices[~held])
        held_back.append(indices[held])
        first += len(held)
    return groups, np.concatenate(held_back)
