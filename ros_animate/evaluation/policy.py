"""A policy on pairs of a picture and the control values that made it."""
from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from ros_animate.motion.base import Extractor
from ros_animate.outputs.machine import machine
from ros_animate.plugins import load
from ros_animate.policy.base import Policy
from ros_animate.robot.control_error import ControlError, compare
from ros_animate.robot.spec import RobotSpec
from ros_animate.training.core.pair_folder import DataError, Pair
from ros_animate.types import Array, Frame, Image, Motion


@dataclass(frozen=True)
class Evaluation:
    """What a policy made of the pairs.

    Attributes:
        pairs: (T,) that could be used.
        got: (T, N) what the policy said, in robot units.
        error: Against what was wanted.
        seconds: (T,) that the policy took.
        unreadable: Pictures that are not any.
        faceless: Pictures without a face, where the policy needs one.
    """

    pairs: tuple[Pair, ...]
    got: Array
    error: ControlError
    seconds: Array
    unreadable: int
    faceless: int

    def figures(self) -> dict[str, Any]:
        """For JSON; None where there is nothing to tell."""
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
    """The policy's answer to every picture; raises DataError if none can be used."""
    used: list[Pair] = []
    answers: list[Array] = []
    seconds: list[float] = []
    unreadable = faceless = 0
    with contextlib.closing(_Observer(policy)) as observer:
        for pair in tqdm(pairs, unit='picture', dynamic_ncols=True, disable=quiet or None):
            picture = read_picture(pair)
            observation = None if picture is None else observer.see(picture)
            if observation is None:
                unreadable += picture is None
                faceless += picture is not None
                continue
            policy.reset()
            start_s = time.perf_counter()
            answers.append(policy.act(observation).values[0])
            seconds.append(time.perf_counter() - start_s)
            used.append(pair)
    if not used:
        raise DataError(f'none of the {len(pairs)} pictures can be used: {unreadable} cannot be '
                        f'read, {faceless} show no face')
    got = np.stack(answers)
    error = compare(np.stack([pair.values for pair in used]), got, spec)
    return Evaluation(tuple(used), got, error, np.array(seconds), unreadable, faceless)


def read_picture(pair: Pair) -> Image | None:
    """(H, W, 3) RGB; None if the file is no picture."""
    image = cv2.imread(str(pair.picture), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


class _Observer:
    """Makes of a picture what the policy observes."""

    def __init__(self, policy: Policy) -> None:
        self._extractor: Extractor | None = None
        if policy.observes == 'motion':
            self._extractor = load('motion', 'mediapipe')

    def see(self, picture: Image) -> Frame | Motion | None:
        """The picture, or the motion in it; None without a face."""
        frame = Frame(picture, 0.0)
        if self._extractor is None:
            return frame
        self._extractor.reset()  # the pictures do not follow one another
        return self._extractor.extract(frame)

    def close(self) -> None:
        if self._extractor is not None:
            self._extractor.close()


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
