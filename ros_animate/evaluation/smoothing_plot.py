"""Plot of recorded targets, the trajectory that follows them, and the limits."""
from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np

from ros_animate.evaluation.smoothing_stream import Stream, smooth_stream
from ros_animate.hardware.safety import Safety
from ros_animate.outputs.plots import write_figure
from ros_animate.robot.spec import RobotSpec
from ros_animate.smoothing.base import Smoother
from ros_animate.types import Array

matplotlib.use('Agg')
from matplotlib import pyplot as plt

MAX_CONTROLS = 4  # if none are selected


def plot_trajectory(stream: Stream, spec: RobotSpec, smoother: Smoother, safety: Safety,
                    rate_hz: float, path: pathlib.Path,
                    controls: Sequence[str] | None = None) -> None:
    """Plots position, velocity and acceleration of `controls` into an image file.

    Args:
        stream: Recorded targets.
        spec: The robot.
        smoother: A smoother in its initial state.
        safety: A safety layer in its initial state.
        rate_hz: Samples of the trajectory per second.
        path: The image file; its suffix selects the format.
        controls: Names of controls; by default those that move most.
    """
    samples = list(smooth_stream(stream, spec, smoother, safety, rate_hz))
    times_s = np.array([time_s for time_s, _ in samples])
    positions = np.array([values for _, values in samples])
    indices = [spec.index(name) for name in controls or ()] or _most_moving(positions, spec)
    figure, axes = plt.subplots(3, len(indices), figsize=(5 * len(indices), 7), sharex=True,
                                squeeze=False, layout='constrained')
    for column, i in enumerate(indices):
        _draw(axes[:, column], spec, i, stream, times_s, positions[:, i])
    try:
        write_figure(path, figure, dpi=120)
    finally:
        plt.close(figure)


def _most_moving(positions: Array, spec: RobotSpec) -> list[int]:
    """Indices of the controls that move most relative to their ranges."""
    spread = positions.std(axis=0) / (spec.high - spec.low)
    return [int(i) for i in np.argsort(-spread)[:MAX_CONTROLS]]


def _draw(axes: Any, spec: RobotSpec, i: int, stream: Stream, times_s: Array,
          position: Array) -> None:
    control = spec.controls[i]
    velocity = np.gradient(position, times_s)
    rows = (('position', position, control.low, control.high),
            ('velocity', velocity, -control.max_velocity, control.max_velocity),
            ('acceleration', np.gradient(velocity, times_s), -control.max_acceleration,
             control.max_acceleration))
    for axis, (name, values, low, high) in zip(axes, rows, strict=True):
        axis.axhspan(low, high, color='tab:green', alpha=0.08)
        for limit in (low, high):
            axis.axhline(limit, color='tab:green', linewidth=0.8)
        axis.plot(times_s, values, color='tab:blue', linewidth=1.2, label='trajectory')
        axis.set_ylabel(f'{name} {control.unit}'.strip())
    targets = np.clip(stream.values[:, i], control.low, control.high)
    axes[0].plot(stream.stamps_s, targets, '.', color='tab:orange', markersize=4, label='target')
    axes[0].set_title(control.name)
    axes[0].legend(loc='upper right')
    axes[-1].set_xlabel('s')
