"""Delay from the command of a control to the movement that the tracker reports."""
from __future__ import annotations

import numpy as np

from ros_animate.calibration.journal import Step
from ros_animate.calibration.observations import ANGLES

DELAYS_S = np.arange(0.0, 0.4, 0.005)  # that are tried
LEAST_MOVE = 0.1  # of the face, of blendshapes, and of angles per ANGLE_DEG
ANGLE_DEG = 30.0
LEAST_FIT = 0.8  # share of the movement that a delayed command explains


def delay_s(step: Step) -> float:
    """The delay of one watched way; NaN if the face hardly moves or does something else.

    Camera and tracker have their share in it.
    """
    faces = step.features - step.features[0]
    faces[:, -ANGLES:] /= ANGLE_DEG
    end = faces[-3:].mean(axis=0)
    reach, way = float(np.linalg.norm(end)), step.sent[-1] - step.sent[0]
    if reach < LEAST_MOVE or way == 0:
        return float('nan')
    moved = faces @ end / reach ** 2  # 0 at the beginning, 1 at the end
    commanded = (step.sent - step.sent[0]) / way
    errors = [_error(moved, np.interp(step.time_s - delay, step.time_s, commanded))
              for delay in DELAYS_S]
    best = int(np.argmin(errors))
    if errors[best] > (1 - LEAST_FIT) * float(((moved - moved.mean()) ** 2).sum()):
        return float('nan')
    return float(DELAYS_S[best])


def _error(moved: np.ndarray, commanded: np.ndarray) -> float:
    """Sum of squares that is left of a movement by the best multiple of the command."""
    gain = commanded @ moved / max(float(commanded @ commanded), 1e-12)
    return float(((moved - gain * commanded) ** 2).sum())
