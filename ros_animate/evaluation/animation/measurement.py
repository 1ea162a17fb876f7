"""Animates clips and takes all measures of what comes out."""
from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ros_animate.errors import UserError
from ros_animate.evaluation import fidelity
from ros_animate.evaluation.animation import distances
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.animation.features import (
    Features,
    picture_statistics,
    video_statistics,
)
from ros_animate.evaluation.animation.frechet import frechet_distance
from ros_animate.evaluation.animation.identity import FaceTexture, Identity
from ros_animate.evaluation.animation.methods import Performance, Performer
from ros_animate.evaluation.animation.tasks import Task
from ros_animate.evaluation.animation.tracking import Watcher
from ros_animate.evaluation.fidelity import Track
from ros_animate.types import Array, Image

BY_FRAME = ('l1', 'akd', 'mkr', 'aed', 'pose_deg', 'jitter')
BY_CLIP = ('expr_r', 'gain', 'pose_r')
OVER_ALL = ('frechet_pictures', 'frechet_videos', 'fps')
MEASURES = (*BY_FRAME, *BY_CLIP, *OVER_ALL)


@dataclass(frozen=True)
class Tools:
    """What can be exchanged."""

    identity: Identity = field(default_factory=FaceTexture)
    pictures: Features = picture_statistics
    videos: Features = video_statistics


@dataclass(frozen=True)
class Sample:
    """A moment of one animation, to look at: (S, S, 3) each; `made` by performer."""

    name: str
    source: Image
    driving: Image
    truth: Image | None
    made: Mapping[str, Image]


@dataclass(frozen=True)
class Figures:
    """How one performer did.

    Attributes:
        name: Of the performer.
        values: By measure, None where it means nothing or nothing could be measured.
        clips: Values of each clip by its name.
        refused: Clips whose source it could not animate.
    """

    name: str
    values: Mapping[str, float | None]
    clips: Mapping[str, Mapping[str, float | None]]
    refused: int


@dataclass(frozen=True)
class Evaluation:
    """What came out.

    Attributes:
        performers: Figures of each.
        samples: One for each clip, those that were kept.
        size: Side of the frames in pixels, of which AKD and jitter are.
        clips: How many.
        frames: How many in all.
        faceless: Frames of the clips that are wanted in which no face is found.
        strangers: Mean distance of the embeddings of different clips' first faces: what AED is
            for another person; None for a single clip.
        jitter: Of the clips that are wanted.
    """

    performers: Sequence[Figures]
    samples: Sequence[Sample]
    size: int
    clips: int
    frames: int
    faceless: int
    strangers: float | None
    jitter: float | None

    def of(self, name: str) -> Mapping[str, float | None]:
        """The values of one performer."""
        return next(p.values for p in self.performers if p.name == name)

    def figures(self) -> dict[str, Any]:
        """For JSON."""
        rest = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)
                if f.name not in ('performers', 'samples')}
        return {**rest, 'performers': {
            p.name: {**p.values, 'refused': p.refused, 'clips': p.clips}
            for p in self.performers}}


def evaluate(performers: Sequence[Performer], tasks: Iterable[Task], tools: Tools | None = None,
             kept: int = 8) -> Evaluation:
    """Every performer animates every task.

    Args:
        performers: Who animates.
        tasks: All of one size.
        tools: What measures.
        kept: Samples to keep.

    Raises:
        UserError: There are no tasks.
    """
    tools = tools or Tools()
    truth = _Truth(tools)
    ledgers = [_Ledger(performer, tools) for performer in performers]
    samples: list[Sample] = []
    with Watcher() as watcher:
        for task in tasks:
            true = truth.add(task, watcher)
            made = {}
            for ledger in ledgers:
                performance = ledger.add(task, true, watcher)
                if performance is not None:
                    made[ledger.performer.name] = performance.frames
            if len(samples) < kept:
                samples.append(_sample(task, made))
    if not truth.clips:
        raise UserError('there are no clips to animate (a transfer needs two)')
    return Evaluation([ledger.figures(truth) for ledger in ledgers], samples, truth.size,
                      truth.clips, truth.frames, truth.faceless, truth.strangers(),
                      rounded(float(np.nanmean(truth.jitter))) if truth.steady else None)


@dataclass(frozen=True)
class _True:
    """What is known of a task without animating anything.

    Attributes:
        seen: In the frames that are wanted.
        identity: (T, D) of these frames, or (D,) of the source where they show another person.
    """

    seen: Track
    identity: Array


class _Truth:
    """The true clips."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.size = self.clips = self.frames = self.faceless = 0
        self.jitter: list[float] = []
        self.pictures: list[Array] = []
        self.videos: list[Array] = []
        self._first: list[Array] = []

    @property
    def steady(self) -> bool:
        """Whether the jitter is known."""
        return bool(np.isfinite(self.jitter).any())

    def add(self, task: Task, watcher: Watcher) -> _True:
        frames = task.wanted
        seen = watcher.watch(frames)
        embedded = self._tools.identity(frames, seen)
        source = embedded
        if task.truth is None:
            alone = task.source[None]
            source = self._tools.identity(alone, watcher.watch(alone))[0]
        self.size = frames.shape[1]
        self.clips += 1
        self.frames += len(frames)
        self.faceless += int(np.isnan(seen.angles_deg[:, 0]).sum())
        self.jitter += distances.jitter(seen.landmarks).tolist()
        self.pictures.append(self._tools.pictures(frames))
        self.videos.append(self._tools.videos(frames))
        self._first.append(embedded[0])
        return _True(seen, source)

    def strangers(self) -> float | None:
        """Mean distance of different clips' first faces."""
        rows = np.array([row for row in self._first if np.isfinite(row).all()])
        pairs = [float(np.linalg.norm(a - b)) for k, a in enumerate(rows) for b in rows[:k]]
        return rounded(float(np.mean(pairs))) if pairs else None


class _Ledger:
    """What one performer made, measured clip by clip."""

    def __init__(self, performer: Performer, tools: Tools) -> None:
        self.performer = performer
        self._tools = tools
        self._frames: defaultdict[str, list[Array]] = defaultdict(list)
        self._clips: dict[str, dict[str, float | None]] = {}
        self._pictures: list[Array] = []
        self._videos: list[Array] = []
        self._seconds: list[float] = []
        self._refused = 0

    def add(self, task: Task, true: _True, watcher: Watcher) -> Performance | None:
        performance = self.performer.perform(task)
        if performance is None:
            self._refused += 1
            return None
        seen = watcher.watch(performance.frames)
        identity = self._tools.identity(performance.frames, seen)
        by_frame = measure_frames(task, performance.frames, true.seen, seen,
                                  true.identity, identity)
        by_clip = measure_clip(true.seen, seen)
        for name, values in by_frame.items():
            self._frames[name].append(values)
        self._clips[task.name] = {**{name: _mean(v) for name, v in by_frame.items()}, **by_clip}
        self._pictures.append(self._tools.pictures(performance.frames))
        self._videos.append(self._tools.videos(performance.frames))
        self._seconds += performance.seconds.tolist()
        return performance

    def figures(self, truth: _Truth) -> Figures:
        """Of all clips."""
        values = {name: _mean(np.concatenate(parts)) for name, parts in self._frames.items()}
        for name in BY_CLIP:
            known = [v for clip in self._clips.values() if (v := clip[name]) is not None]
            values[name] = rounded(float(np.mean(known))) if known else None
        if self._pictures:
            values['frechet_pictures'] = _distance(self._pictures, truth.pictures)
            values['frechet_videos'] = _distance(self._videos, truth.videos)
        if self._seconds:
            values['fps'] = rounded(1 / float(np.median(self._seconds)))
        return Figures(self.performer.name, {name: values.get(name) for name in MEASURES},
                       self._clips, self._refused)


def measure_frames(task: Task, made: Frames, true_seen: Track, seen: Track, true_identity: Array,
                   identity: Array) -> dict[str, Array]:
    """The measures that every frame has, (T,) each, by name.

    Without a truth MKR is the share of driving faces without one in the result, AED is to the
    source, and the head's angles count from the first frame on.
    """
    result = {'mkr': distances.missing(seen.landmarks, true_seen.landmarks),
              'aed': distances.embedding_distance(identity, true_identity),
              'pose_deg': distances.pose_error(seen.angles_deg, true_seen.angles_deg,
                                               relative=task.truth is None),
              'jitter': distances.jitter(seen.landmarks)}
    if task.truth is not None:
        result['l1'] = distances.l1(made, task.truth)
        result['akd'] = distances.keypoint_distance(seen.landmarks, true_seen.landmarks)
    return result


def measure_clip(true_seen: Track, seen: Track) -> dict[str, float | None]:
    """How well expression and head follow, see fidelity.py; None where the true face is still."""
    found = fidelity.compare(true_seen, seen)
    return {name: rounded(getattr(found, name)) for name in BY_CLIP}


def rounded(value: float | None) -> float | None:
    """Six significant digits; None for what is no number."""
    return None if value is None or not np.isfinite(value) else float(f'{value:.6g}')


def _mean(values: Array) -> float | None:
    known = values[np.isfinite(values)]
    return rounded(float(known.mean())) if len(known) else None


def _distance(made: Sequence[Array], true: Sequence[Array]) -> float | None:
    return rounded(frechet_distance(np.concatenate(made), np.concatenate(true)))


def _sample(task: Task, made: Mapping[str, Frames]) -> Sample:
    """The moment at which the driving frame is least like the first one."""
    away = distances.l1(task.driving, np.broadcast_to(task.driving[:1], task.driving.shape))
    at = int(np.argmax(away))
    apart = None if task.truth is None or task.truth is task.driving else task.truth[at]
    return Sample(task.name, task.source, task.driving[at], apart,
                  {name: frames[at] for name, frames in made.items()})
