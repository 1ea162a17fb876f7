"""Batches of what a policy observes and what it shall say."""
from __future__ import annotations

import abc
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.networks.actions import normalised
from ros_animate.robot.control_error import scaled, visible
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core.augmentation import augment, framing, reframed
from ros_animate.training.core.order import Indices, Order
from ros_animate.training.core.pair_folder import DataError, Folder, Pair, is_held_back
from ros_animate.training.policy.images import Pictures
from ros_animate.training.policy.motions import folder_motions
from ros_animate.training.policy.options import TrainOptions
from ros_animate.types import Array

Usable = NDArray[np.bool_]
_MARGIN = 1.15  # pictures are kept so much larger than they are seen
_LANDMARK_NOISE = 0.015  # most standard deviation, of half the picture: a pixel of 128
_MOTION_NOISE = 0.5  # of features, compared with that of pictures


class Geometry(NamedTuple):
    """Examples without pictures.

    Attributes:
        landmarks: (G, K, 2) in [-1, 1] of the seen picture.
        wanted: (G, H, N) as in Batch.
        counts: (G, H, N) as in Batch.
    """

    landmarks: Tensor
    wanted: Tensor
    counts: Tensor

    def to(self, device: torch.device, non_blocking: bool = False) -> Geometry:
        """The examples on a device."""
        return Geometry(*(part.to(device, non_blocking=non_blocking) for part in self))


class Batch(NamedTuple):
    """Examples.

    Attributes:
        observation: (B, …) as the network wants it.
        wanted: (B, H, N) waypoints, scaled to [-1, 1].
        counts: (B, H, N) 1 where the wanted value can be seen, else 0.
        task: (B, Z) embeddings, noise included; None for networks without.
        twin: (T, …) observations of the same faces as those of the rows `paired`, or None.
        paired: (T,) rows that have a twin.
        landmarks: (B, K, 2) in [-1, 1] of the seen picture, NaN where unknown, or None.
        geometry: More examples, without a picture.
    """

    observation: Tensor
    wanted: Tensor
    counts: Tensor
    task: Tensor | None = None
    twin: Tensor | None = None
    paired: Tensor | None = None
    landmarks: Tensor | None = None
    geometry: Geometry | None = None

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        moved: list[Any] = [part if part is None else part.to(device, non_blocking=True)
                            for part in self]
        return Batch(*moved)


class Seen(NamedTuple):
    """Observations (B, …), which rows are usable (B,), and how pictures were framed (B, 2, 3)."""

    observation: Tensor
    usable: Usable
    frames: Tensor | None = None


class Observations(abc.ABC):
    """What is observed, by index of the pair."""

    @abc.abstractmethod
    def varied(self, indices: Indices, random: torch.Generator, size: int) -> Seen:
        """For training."""

    @abc.abstractmethod
    def plain(self, indices: Indices) -> Seen:
        """The same without variation."""


class PictureObservations(Observations):
    """Pictures, augmented or not."""

    def __init__(self, files: Sequence[pathlib.Path], model: Any, options: TrainOptions) -> None:
        self._model, self._options = model, options
        memory = options.memory_gb * 1e9
        self.pictures = Pictures(files, round(model.image_size * _MARGIN), memory,
                                 model.view)
        self._exact = Pictures(files, model.image_size, 0, model.view)

    def varied(self, indices: Indices, random: torch.Generator, size: int) -> Seen:
        pictures = self.pictures.take(indices).float() / 255
        seen, frames = augment(pictures, size, self._options, random)
        return Seen(normalised(seen, self._model), self.pictures.readable[indices], frames)

    def plain(self, indices: Indices) -> Seen:
        seen = self._exact.take(indices).float() / 255
        return Seen(normalised(seen, self._model), self._exact.readable[indices])


class MotionObservations(Observations):
    """Features (T, F) that the face tracker found."""

    def __init__(self, found: Array, options: TrainOptions) -> None:
        self._usable: Usable = np.asarray(np.isfinite(found).all(1))
        self._found = torch.from_numpy(np.nan_to_num(found).astype(np.float32))
        self._noise = options.noise * _MOTION_NOISE

    def varied(self, indices: Indices, random: torch.Generator, size: int) -> Seen:
        found, usable, _ = self.plain(indices)
        return Seen(found + self._noise * torch.randn(found.shape, generator=random), usable)

    def plain(self, indices: Indices) -> Seen:
        return Seen(self._found[torch.as_tensor(indices)], self._usable[indices])


class Data:
    """Pairs of several folders, some of them held back.

    Args:
        folders: With at least one pair.
        weights: Part of each folder in the batches; None: by its size.
        spec: The robot.
        model: Configuration of the network.
        options: Of the training.
        sees_pictures: Pictures are observed, not motion.
    """

    def __init__(self, folders: Sequence[Folder], weights: Sequence[float] | None,
                 spec: RobotSpec, model: Any, options: TrainOptions, sees_pictures: bool,
                 quiet: bool = True) -> None:
        self.folders = folders
        self._options, self._task_width = options, getattr(model, 'task', 0)
        self.pairs = [pair for folder in folders for pair in folder.pairs]
        self.values = np.stack([pair.values for pair in self.pairs])
        groups, self.held_back = _split(folders, options)
        self.order = Order(groups, weights, options.seed)
        self._future = future(self.pairs, getattr(model, 'waypoints', 1))
        self._wanted = torch.from_numpy(scaled(self.values, spec).astype(np.float32))
        self._visible = torch.from_numpy(visible(self.values, spec).astype(np.float32))
        self._tasks = self._task_embeddings(folders)
        use = sees_pictures and options.landmark_weight > 0
        self.landmarks = _landmarks(self.pairs, model.view) if use else None
        self._of_geometry: Indices = np.empty(0, np.int64)
        if self.landmarks is not None and options.geometry_batch:
            known = self.landmarks.isfinite().all(2).all(1).numpy()
            self._of_geometry = np.setdiff1d(np.flatnonzero(known), self.held_back)
        twins = [(i, p.twin) for i, p in enumerate(self.pairs) if p.twin] if sees_pictures else []
        self._twin_of = {i: len(self.pairs) + k for k, (i, _) in enumerate(twins)}
        if sees_pictures:
            files = [*(p.picture for p in self.pairs), *(t for _, t in twins if t)]
            self.observations: Observations = PictureObservations(files, model, options)
        else:
            found = np.concatenate([folder_motions(folder, quiet) for folder in folders])
            self.observations = MotionObservations(found, options)

    @property
    def unreadable(self) -> list[pathlib.Path]:
        """Pictures that turned out not to be any; they are skipped."""
        pictures = getattr(self.observations, 'pictures', None)
        return pictures.unreadable if pictures else []

    def batch(self, step: int, size: int, side: int, rank: int = 0, ranks: int = 1) -> Batch:
        """This process's share of the batch of a step: a function of seed and step alone.

        Args:
            step: From 0 on.
            size: Pairs over all processes.
            side: Of the pictures, in pixels.
            rank: Number of this process.
            ranks: How many processes.
        """
        indices = self.order.batch(step, size)[rank::ranks]
        random = self._random(step, rank)
        observation, usable, frames = self.observations.varied(indices, random, side)
        wanted, counts = self._targets(indices, usable)
        task = None
        if self._task_width:
            noise = torch.randn(len(indices), self._task_width, generator=random)
            task = self._tasks[torch.as_tensor(indices)] + self._options.task_noise * noise
        landmarks = None
        if self.landmarks is not None and frames is not None:
            landmarks = reframed(self.landmarks[torch.as_tensor(indices)], frames)
        return Batch(observation, wanted, counts, task, *self._twins(indices, random, side),
                     landmarks, self._geometry(random))

    def geometry(self, step: int) -> Geometry | None:
        """Landmarks and their controls, the same in all processes; None: no folder has any."""
        return self._geometry(self._random(step, 0, 1))

    def plain(self, indices: Indices) -> tuple[Batch, Usable]:
        """Examples as they are, and which of them are usable."""
        observation, usable, _ = self.observations.plain(indices)
        task = self._tasks[torch.as_tensor(indices)] if self._task_width else None
        return Batch(observation, *self._targets(indices, usable), task), usable

    def _random(self, *what: int) -> torch.Generator:
        seed = np.random.default_rng((self._options.seed, *what)).integers(2 ** 63)
        return torch.Generator().manual_seed(int(seed))

    def _targets(self, indices: Indices, usable: Usable) -> tuple[Tensor, Tensor]:
        ahead = torch.as_tensor(self._future[indices])
        counts = self._visible[ahead] * torch.as_tensor(usable)[:, None, None]
        return self._wanted[ahead], counts

    def _geometry(self, random: torch.Generator) -> Geometry | None:
        """Landmarks of other training pairs, framed in other ways and not quite exact."""
        if self.landmarks is None or not len(self._of_geometry):
            return None
        count = self._options.geometry_batch
        chosen = self._of_geometry[torch.randint(len(self._of_geometry), (count,),
                                                 generator=random).numpy()]
        framed = reframed(self.landmarks[torch.as_tensor(chosen)],
                          framing(count, self._options, random))
        spread = _LANDMARK_NOISE * torch.rand(count, 1, 1, generator=random)
        noise = spread * torch.randn(framed.shape, generator=random)
        return Geometry(framed + noise, *self._targets(chosen, np.ones(count, bool)))

    def _twins(self, indices: Indices, random: torch.Generator,
               side: int) -> tuple[Tensor | None, Tensor | None]:
        rows = [row for row, i in enumerate(indices) if i in self._twin_of]
        if not rows:
            return None, None
        twins = np.array([self._twin_of[indices[row]] for row in rows])
        seen, usable, _ = self.observations.varied(twins, random, side)
        keep = torch.as_tensor(usable)
        return seen[keep], torch.tensor(rows)[keep]

    def _task_embeddings(self, folders: Sequence[Folder]) -> Tensor:
        rows = []
        for folder in folders:
            task = np.zeros(self._task_width) if folder.task is None else folder.task
            if self._task_width and task.shape != (self._task_width,):
                raise DataError(f'{folder.path}: the task embedding has shape {task.shape}, the '
                                f'network wants ({self._task_width},)')
            rows += [torch.as_tensor(task, dtype=torch.float32)] * len(folder.pairs)
        return torch.stack(rows)


def _landmarks(pairs: Sequence[Pair], view: float) -> Tensor | None:
    """(T, K, 2) in [-1, 1] of the part that is seen, NaN where unknown; None if all are."""
    if all(pair.landmarks is None for pair in pairs):
        return None
    unknown = np.full((len(FEATURE_POINTS), 2), np.nan)
    places = np.stack([unknown if p.landmarks is None else p.landmarks for p in pairs])
    return torch.from_numpy((2 * places - 1) / view).float()


def future(pairs: Sequence[Pair], waypoints: int) -> Indices:
    """(T, H) indices of each pair and its next ones; the last of a sequence stays."""
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
