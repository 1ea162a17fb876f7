"""Error of a policy on pairs of an image and control values."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

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


def evaluate(policy: Policy, pairs: Sequence[Pair], spec: RobotSpec,
             quiet: bool = True) -> Evaluation:
    """Predicts the control values of every image; raises DataError if no pair can be used."""
    used: list[Pair] = []
    predictions: list[Array] = []
    seconds: list[float] = []
    unreadable = faceless = 0
    with contextlib.closing(_Observer(policy)) as observer:
        for pair in Progress('evaluating', len(pairs), 'image', quiet=quiet).each(pairs):
            image = try_read_image(pair.image)
            observation = None if image is None else observer.observe(image)
            if observation is None:
                unreadable += image is None
                faceless += image is not None
                continue
            policy.reset()
            start_s = time.perf_counter()
            predictions.append(policy.act(observation).values[0])
            seconds.append(time.perf_counter() - start_s)
            used.append(pair)
    if not used:
        raise DataError(f'none of the {len(pairs)} images can be used: {unreadable} cannot be '
                        f'read, {faceless} show no face')
    predicted = np.stack(predictions)
    error = compare(np.stack([pair.values for pair in used]), predicted, spec)
    return Evaluation(tuple(used), predicted, error, np.array(seconds), unreadable, faceless)


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
