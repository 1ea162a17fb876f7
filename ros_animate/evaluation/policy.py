"""Error of a policy on pairs of an image and control values."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ros_animate.cluster import SharedPaths
from ros_animate.images import try_read_image
from ros_animate.motion.base import Extractor
from ros_animate.outputs.machine import machine
from ros_animate.outputs.progress import Progress
from ros_animate.plugins import load
from ros_animate.policy.base import Policy
from ros_animate.robot.control_error import ControlError, compare
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core.pair_folder import DataError, Pair
from ros_animate.types import Array, Frame, Image, Motion
from ros_animate.workers import IsStopping, Workers, ordered_map

_BLOCK = 8  # pairs that a worker gets at a time
_ADVICE = 'try again with fewer --workers'


@dataclass(frozen=True)
class Evaluation:
    """Predictions of a policy on pairs, and their error.

    Attributes:
        pairs: (T,) pairs that could be used.
        predicted: (T, N) predicted control values, in robot units.
        error: Error of the predictions.
        seconds: (T,) time of each prediction.
        unreadable: Number of image files that cannot be read.
        faceless: Number of images without a face, if the policy needs one.
    """

    pairs: tuple[Pair, ...]
    predicted: Array
    error: ControlError
    seconds: Array
    unreadable: int
    faceless: int

    def figures(self) -> dict[str, Any]:
        """The evaluation as JSON data; None for an undefined figure."""
        error = self.error
        return {'mae': _number(error.mae), 'pairs': len(self.pairs),
                'groups': {name: _number(value) for name, value in error.groups.items()},
                'controls': {name: {'mae': _number(mae), 'r2': _number(r2)} for name, mae, r2
                             in zip(error.names, error.controls, error.r2, strict=True)},
                'r2': _number(float(np.nanmean(error.r2))) if np.isfinite(error.r2).any() else None,
                'ms_per_image': round(1e3 * float(np.median(self.seconds)), 3),
                'unreadable': self.unreadable, 'faceless': self.faceless, 'machine': machine()}


def evaluate(load_policy: Callable[[], Policy], pairs: Sequence[Pair], spec: RobotSpec,
             quiet: bool = True, workers: Workers = 1) -> Evaluation:
    """Predicts the control values of every image; raises DataError if no pair can be used.

    Args:
        load_policy: Loads the policy, in each worker.
        pairs: The pairs.
        spec: The robot.
        quiet: True for no progress.
        workers: Number of processes, or a cluster; the figures but times do not depend on it.
    """
    predictor = _Predictor(load_policy)
    blocks = [pairs[start:start + _BLOCK] for start in range(0, len(pairs), _BLOCK)]
    outcomes: list[_Outcome] = []
    shared = SharedPaths(tuple(pair.image for pair in pairs))
    with (Progress('evaluating', len(pairs), 'image', quiet=quiet) as progress,
          contextlib.closing(predictor), contextlib.closing(ordered_map(
              predictor.predict, blocks, workers, _ADVICE, shared)) as results):
        for result in results:
            outcomes += result
            progress.add(len(result))
    predicted = [o.values for o in outcomes if o.values is not None]
    used = [pair for pair, o in zip(pairs, outcomes, strict=True) if o.values is not None]
    unreadable = sum(o.unreadable for o in outcomes)
    faceless = len(pairs) - len(used) - unreadable
    if not used:
        raise DataError(f'none of the {len(pairs)} images can be used: {unreadable} cannot be '
                        f'read, {faceless} show no face')
    error = compare(np.stack([pair.values for pair in used]), np.stack(predicted), spec)
    seconds = np.array([o.seconds for o in outcomes if o.values is not None])
    return Evaluation(tuple(used), np.stack(predicted), error, seconds, unreadable, faceless)


class _Outcome(NamedTuple):
    """Prediction for a pair.

    Attributes:
        values: (N,) predicted control values; None if the pair cannot be used.
        seconds: Time of the prediction.
        unreadable: True if the image cannot be read.
    """

    values: Array | None = None
    seconds: float = 0.0
    unreadable: bool = False


class _Predictor:
    """Predicts the control values of images; the policy is loaded in the process at work."""

    def __init__(self, load_policy: Callable[[], Policy]) -> None:
        self._load_policy = load_policy
        self._loaded: tuple[Policy, _Observer] | None = None

    def predict(self, pairs: Sequence[Pair], is_stopping: IsStopping) -> list[_Outcome]:
        """The outcomes of pairs, fewer of them if it is stopped."""
        return [self._outcome(pair) for pair in pairs if not is_stopping()]

    def close(self) -> None:
        """Releases what this process has loaded."""
        if self._loaded is not None:
            self._loaded[1].close()
        self._loaded = None

    def _outcome(self, pair: Pair) -> _Outcome:
        if self._loaded is None:
            policy = self._load_policy()
            self._loaded = policy, _Observer(policy)
        policy, observer = self._loaded
        image = try_read_image(pair.image)
        observation = None if image is None else observer.observe(image)
        if observation is None:
            return _Outcome(unreadable=image is None)
        policy.reset()
        start_s = time.perf_counter()
        values = policy.act(observation).values[0]
        return _Outcome(values, time.perf_counter() - start_s)


class _Observer:
    """Turns an image into an observation of the policy."""

    def __init__(self, policy: Policy) -> None:
        self._extractor: Extractor | None = None
        if policy.observes == 'motion':
            self._extractor = load('motion', 'mediapipe', {'stills': True})

    def observe(self, image: Image) -> Frame | Motion | None:
        """The image, or the motion in it; None without a face."""
        frame = Frame(image, 0.0)
        if self._extractor is None:
            return frame
        return self._extractor.extract(frame)

    def close(self) -> None:
        if self._extractor is not None:
            self._extractor.close()


def _number(value: float) -> float | None:
    """The value with six decimals; None if it is not finite."""
    return round(float(value), 6) if np.isfinite(value) else None
