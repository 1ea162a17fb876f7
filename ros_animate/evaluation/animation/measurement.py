"""Animates clips by several methods and measures the results."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from ros_animate.errors import UserError
from ros_animate.evaluation.animation import distances
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.animation.measures import (
    BY_CLIP,
    MEASURES,
    Faces,
    Metrics,
    feature_distance,
    finite_mean,
    measure_clip,
    measure_frames,
    rounded,
)
from ros_animate.evaluation.animation.methods import AnimatedClip, AnimationMethod
from ros_animate.evaluation.animation.results import Evaluation, MethodFigures, Sample
from ros_animate.evaluation.animation.tasks import Task
from ros_animate.evaluation.animation.tracking import FaceTracker
from ros_animate.types import Array


def evaluate(methods: Sequence[AnimationMethod], tasks: Iterable[Task],
             metrics: Metrics | None = None, sample_count: int = 8) -> Evaluation:
    """Animates every task by every method, and measures the results.

    Args:
        methods: Animation methods.
        tasks: Tasks of one size.
        metrics: Embedding and features of the measures.
        sample_count: Number of samples to keep.

    Raises:
        UserError: There are no tasks.
    """
    metrics = metrics or Metrics()
    truth = _TrueClips(metrics)
    results = [_MethodResults(method, metrics) for method in methods]
    samples: list[Sample] = []
    with FaceTracker() as tracker:
        for task in tasks:
            true_faces = truth.add(task, tracker)
            generated = {}
            for result in results:
                clip = result.add(task, true_faces, tracker)
                if clip is not None:
                    generated[result.method.name] = clip.frames
            if len(samples) < sample_count:
                samples.append(_sample(task, generated))
    if not truth.clips:
        raise UserError('there are no clips to animate (a transfer needs two)')
    return Evaluation([result.figures(truth) for result in results], samples, truth.size,
                      truth.clips, truth.frames, truth.faceless, truth.strangers(),
                      truth.mean_jitter())


class _TrueClips:
    """Measures of the true clips."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.size = self.clips = self.frames = self.faceless = 0
        self.images: list[Array] = []
        self.videos: list[Array] = []
        self._jitter: list[float] = []
        self._first_faces: list[Array] = []

    def add(self, task: Task, tracker: FaceTracker) -> Faces:
        """Measures the target of a task; returns its faces, with the source's identity."""
        frames = task.target
        track = tracker.track(frames)
        own_identity = identity = self._metrics.identity(frames, track)
        if task.truth is None:
            source = task.source[None]
            identity = self._metrics.identity(source, tracker.track(source))[0]
        self.size = frames.shape[1]
        self.clips += 1
        self.frames += len(frames)
        self.faceless += int(np.isnan(track.angles_deg[:, 0]).sum())
        self.images.append(self._metrics.images(frames))
        self.videos.append(self._metrics.videos(frames))
        self._jitter += distances.jitter(track.landmarks).tolist()
        self._first_faces.append(own_identity[0])
        return Faces(track, identity)

    def strangers(self) -> float | None:
        """Mean distance between different clips' first faces."""
        rows = np.array([row for row in self._first_faces if np.isfinite(row).all()])
        pairs = [float(np.linalg.norm(a - b)) for k, a in enumerate(rows) for b in rows[:k]]
        return rounded(float(np.mean(pairs))) if pairs else None

    def mean_jitter(self) -> float | None:
        """Mean jitter of all clips; None if it is unknown."""
        return finite_mean(np.array(self._jitter))


class _MethodResults:
    """Results of one method, measured clip by clip."""

    def __init__(self, method: AnimationMethod, metrics: Metrics) -> None:
        self.method = method
        self._metrics = metrics
        self._frames: defaultdict[str, list[Array]] = defaultdict(list)
        self._clips: dict[str, dict[str, float | None]] = {}
        self._images: list[Array] = []
        self._videos: list[Array] = []
        self._seconds: list[float] = []
        self._refused = 0

    def add(self, task: Task, true_faces: Faces, tracker: FaceTracker) -> AnimatedClip | None:
        """Animates and measures a task; None if its source cannot be animated."""
        clip = self.method.animate(task)
        if clip is None:
            self._refused += 1
            return None
        track = tracker.track(clip.frames)
        faces = Faces(track, self._metrics.identity(clip.frames, track))
        by_frame = measure_frames(task, clip.frames, true_faces, faces, self._metrics.lpips)
        for name, values in by_frame.items():
            self._frames[name].append(values)
        self._clips[task.name] = {**{name: finite_mean(v) for name, v in by_frame.items()},
                                  **measure_clip(true_faces.track, track)}
        self._images.append(self._metrics.images(clip.frames))
        self._videos.append(self._metrics.videos(clip.frames))
        self._seconds += clip.seconds.tolist()
        return clip

    def figures(self, truth: _TrueClips) -> MethodFigures:
        """Figures over all clips."""
        values = {name: finite_mean(np.concatenate(parts)) for name, parts in self._frames.items()}
        for name in BY_CLIP:
            known = [v for clip in self._clips.values() if (v := clip[name]) is not None]
            values[name] = rounded(float(np.mean(known))) if known else None
        if self._images:
            values['frechet_pictures'] = feature_distance(self._images, truth.images)
            values['frechet_videos'] = feature_distance(self._videos, truth.videos)
        if self._seconds:
            values['fps'] = rounded(1 / float(np.median(self._seconds)))
        return MethodFigures(self.method.name, {name: values.get(name) for name in MEASURES},
                             self._clips, self._refused)


def _sample(task: Task, generated: Mapping[str, Frames]) -> Sample:
    """The moment at which the driving frame differs most from the first one."""
    change = distances.l1(task.driving, np.broadcast_to(task.driving[:1], task.driving.shape))
    at = int(np.argmax(change))
    known = task.truth is not None and task.truth is not task.driving
    truth = task.truth[at] if known and task.truth is not None else None
    return Sample(task.name, task.source, task.driving[at], truth,
                  {name: frames[at] for name, frames in generated.items()})
