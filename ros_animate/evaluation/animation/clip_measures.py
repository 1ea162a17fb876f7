"""Measures of one clip: animated by every method, in whichever process."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.evaluation.animation import distances
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.animation.measures import (
    Faces,
    Metrics,
    finite_mean,
    measure_clip,
    measure_frames,
)
from ros_animate.evaluation.animation.methods import AnimationMethod
from ros_animate.evaluation.animation.results import Sample
from ros_animate.evaluation.animation.tasks import Task
from ros_animate.evaluation.animation.tracking import FaceTracker
from ros_animate.types import Array
from ros_animate.workers import IsStopping

LoadMethods = Callable[[], Sequence[AnimationMethod]]


@dataclass(frozen=True)
class TruthMeasures:
    """Measures of the target of a task.

    Attributes:
        size: Side of the frames in pixels.
        frames: Number of frames.
        faceless: Number of frames without a face.
        images: Features of the frames.
        videos: Features of the clip.
        jitter: (T,).
        first_face: (D,) embedding of the first frame's face.
    """

    size: int
    frames: int
    faceless: int
    images: Array
    videos: Array
    jitter: Array
    first_face: Array


@dataclass(frozen=True)
class GeneratedMeasures:
    """Measures of a method's result.

    Attributes:
        by_frame: Measures of each frame.
        by_clip: Measures of the clip.
        images: Features of the frames.
        videos: Features of the clip.
        seconds: Time of each computed frame.
    """

    by_frame: Mapping[str, Array]
    by_clip: Mapping[str, float | None]
    images: Array
    videos: Array
    seconds: Array


@dataclass(frozen=True)
class ClipMeasures:
    """Measures of one task.

    Attributes:
        name: Name of the task.
        truth: Measures of its target.
        generated: Measures by method; None where the source cannot be animated.
        sample: One moment; None if it was not requested.
    """

    name: str
    truth: TruthMeasures
    generated: Mapping[str, GeneratedMeasures | None]
    sample: Sample | None


class ClipMeasurer:
    """Animates and measures tasks; methods, metrics and tracker are loaded in the process at work.

    Args:
        load_methods: Loads the methods.
        load_metrics: Loads embedding and features of the measures.
    """

    def __init__(self, load_methods: LoadMethods, load_metrics: Callable[[], Metrics]) -> None:
        self._load_methods, self._load_metrics = load_methods, load_metrics
        self._methods: Sequence[AnimationMethod] | None = None
        self._metrics: Metrics | None = None
        self._tracker: FaceTracker | None = None

    @property
    def methods(self) -> Sequence[AnimationMethod]:
        """The methods of this process."""
        if self._methods is None:
            self._methods = self._load_methods()
        return self._methods

    @property
    def metrics(self) -> Metrics:
        """The metrics of this process."""
        if self._metrics is None:
            self._metrics = self._load_metrics()
        return self._metrics

    @property
    def tracker(self) -> FaceTracker:
        """The face tracker of this process."""
        if self._tracker is None:
            self._tracker = FaceTracker()
        return self._tracker

    def close(self) -> None:
        """Releases what this process has loaded."""
        for method in self._methods or ():
            method.close()
        if self._tracker is not None:
            self._tracker.close()
        self._methods = self._tracker = None

    def measure(self, request: tuple[Task, bool], is_stopping: IsStopping) -> ClipMeasures | None:
        """The measures of a task, with a sample if that is requested; None if it is stopped."""
        task, wants_sample = request
        truth, true_faces = self._truth(task)
        generated: dict[str, GeneratedMeasures | None] = {}
        frames = {}
        for method in self.methods:
            if is_stopping():
                return None
            clip = method.animate(task)
            generated[method.name] = None
            if clip is not None:
                generated[method.name] = self._generated(task, clip.frames, clip.seconds,
                                                         true_faces)
                frames[method.name] = clip.frames
        return ClipMeasures(task.name, truth, generated,
                            _sample(task, frames) if wants_sample else None)

    def _truth(self, task: Task) -> tuple[TruthMeasures, Faces]:
        """Measures of the target of a task; its faces, with the source's identity."""
        frames, metrics = task.target, self.metrics
        track = self.tracker.track(frames)
        own_identity = identity = metrics.identity(frames, track)
        if task.truth is None:
            source = task.source[None]
            identity = metrics.identity(source, self.tracker.track(source))[0]
        faceless = int(np.isnan(track.angles_deg[:, 0]).sum())
        return TruthMeasures(
            frames.shape[1], len(frames), faceless, metrics.images(frames), metrics.videos(frames),
            distances.jitter(track.landmarks), own_identity[0]), Faces(track, identity)

    def _generated(self, task: Task, frames: Frames, seconds: Array,
                   true_faces: Faces) -> GeneratedMeasures:
        metrics = self.metrics
        track = self.tracker.track(frames)
        faces = Faces(track, metrics.identity(frames, track))
        by_frame = measure_frames(task, frames, true_faces, faces, metrics.lpips)
        by_clip = {**{name: finite_mean(values) for name, values in by_frame.items()},
                   **measure_clip(true_faces.track, track)}
        return GeneratedMeasures(by_frame, by_clip, metrics.images(frames), metrics.videos(frames),
                                 seconds)


def _sample(task: Task, generated: Mapping[str, Frames]) -> Sample:
    """The moment at which the driving frame differs most from the first one."""
    change = distances.l1(task.driving, np.broadcast_to(task.driving[:1], task.driving.shape))
    at = int(np.argmax(change))
    known = task.truth is not None and task.truth is not task.driving
    truth = task.truth[at] if known and task.truth is not None else None
    return Sample(task.name, task.source, task.driving[at], truth,
                  {name: frames[at] for name, frames in generated.items()})
