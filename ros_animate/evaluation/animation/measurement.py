"""Animates clips by several methods and measures the results."""
from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ros_animate.errors import UserError
from ros_animate.evaluation.animation.clip_measures import (
    ClipMeasurer,
    GeneratedMeasures,
    TruthMeasures,
)
from ros_animate.evaluation.animation.measures import (
    BY_CLIP,
    MEASURES,
    Metrics,
    feature_distance,
    finite_mean,
    rounded,
)
from ros_animate.evaluation.animation.methods import AnimationMethod
from ros_animate.evaluation.animation.results import Evaluation, MethodFigures, Sample
from ros_animate.evaluation.animation.tasks import Task
from ros_animate.types import Array
from ros_animate.workers import Workers, ordered_map

_ADVICE = 'try again with fewer --workers'


def evaluate(methods: Sequence[AnimationMethod], tasks: Iterable[Task],
             metrics: Metrics | None = None, sample_count: int = 8) -> Evaluation:
    """Animates every task by every method in this process, and measures the results.

    Args:
        methods: Animation methods, which stay open.
        tasks: Tasks of one size.
        metrics: Embedding and features of the measures.
        sample_count: Number of samples to keep.

    Raises:
        UserError: There are no tasks.
    """
    measurer = ClipMeasurer(lambda: [_Open(method) for method in methods],
                            lambda: metrics or Metrics())
    with contextlib.closing(measurer):
        return evaluate_with(measurer, tasks, sample_count)


def evaluate_with(measurer: ClipMeasurer, tasks: Iterable[Task], sample_count: int = 8,
                  workers: Workers = 1) -> Evaluation:
    """Measures every task; the figures but times do not depend on the number of workers.

    Args:
        measurer: Measures a task, in each worker.
        tasks: Tasks of one size.
        sample_count: Number of samples to keep.
        workers: Number of processes, or a cluster.

    Raises:
        UserError: There are no tasks.
    """
    truth = _TrueClips()
    results: dict[str, _MethodResults] = {}
    samples: list[Sample] = []
    requests = ((task, number < sample_count) for number, task in enumerate(tasks))
    with contextlib.closing(ordered_map(measurer.measure, requests, workers, _ADVICE)) as clips:
        for clip in clips:
            assert clip is not None  # nobody has stopped the work
            truth.add(clip.truth)
            for name, measures in clip.generated.items():
                results.setdefault(name, _MethodResults(name)).add(clip.name, measures)
            if clip.sample is not None:
                samples.append(clip.sample)
    if not truth.clips:
        raise UserError('there are no clips to animate (a transfer needs two)')
    return Evaluation([result.figures(truth) for result in results.values()], samples, truth.size,
                      truth.clips, truth.frames, truth.faceless, truth.strangers(),
                      truth.mean_jitter())


class _Open:
    """A method that whoever has opened it closes."""

    def __init__(self, method: AnimationMethod) -> None:
        self.name, self.animate = method.name, method.animate

    def close(self) -> None: ...


class _TrueClips:
    """Measures of the true clips."""

    def __init__(self) -> None:
        self.size = self.clips = self.frames = self.faceless = 0
        self.images: list[Array] = []
        self.videos: list[Array] = []
        self._jitter: list[float] = []
        self._first_faces: list[Array] = []

    def add(self, measures: TruthMeasures) -> None:
        """Adds a clip."""
        self.size = measures.size
        self.clips += 1
        self.frames += measures.frames
        self.faceless += measures.faceless
        self.images.append(measures.images)
        self.videos.append(measures.videos)
        self._jitter += measures.jitter.tolist()
        self._first_faces.append(measures.first_face)

    def strangers(self) -> float | None:
        """Mean distance between different clips' first faces."""
        rows = np.array([row for row in self._first_faces if np.isfinite(row).all()])
        pairs = [float(np.linalg.norm(a - b)) for k, a in enumerate(rows) for b in rows[:k]]
        return rounded(float(np.mean(pairs))) if pairs else None

    def mean_jitter(self) -> float | None:
        """Mean jitter of all clips; None if it is unknown."""
        return finite_mean(np.array(self._jitter))


class _MethodResults:
    """Results of one method, clip by clip."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._measures: list[GeneratedMeasures] = []
        self._clips: dict[str, Mapping[str, float | None]] = {}
        self._refused = 0

    def add(self, clip: str, measures: GeneratedMeasures | None) -> None:
        """Adds a clip; None if its source could not be animated."""
        if measures is None:
            self._refused += 1
        else:
            self._measures.append(measures)
            self._clips[clip] = measures.by_clip

    def figures(self, truth: _TrueClips) -> MethodFigures:
        """Figures over all clips."""
        measured = self._measures
        values = {name: finite_mean(np.concatenate(parts)) for name, parts in self._by_frame()}
        for name in BY_CLIP:
            known = [v for clip in self._clips.values() if (v := clip[name]) is not None]
            values[name] = rounded(float(np.mean(known))) if known else None
        if measured:
            values['frechet_pictures'] = feature_distance([m.images for m in measured],
                                                          truth.images)
            values['frechet_videos'] = feature_distance([m.videos for m in measured],
                                                        truth.videos)
        seconds = [second for m in measured for second in m.seconds]
        if seconds:
            values['fps'] = rounded(1 / float(np.median(seconds)))
        return MethodFigures(self._name, {name: values.get(name) for name in MEASURES},
                             self._clips, self._refused)

    def _by_frame(self) -> Iterator[tuple[str, list[Array]]]:
        parts: defaultdict[str, list[Array]] = defaultdict(list)
        for measures in self._measures:
            for name, values in measures.by_frame.items():
                parts[name].append(values)
        yield from parts.items()
