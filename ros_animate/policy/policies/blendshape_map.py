"""Feature space to control values by an editable rig.

The rig (section `rig` of the robot file) lists for each control the blendshapes and head angles
that drive it, with their gains. A drive of +1 takes a control from neutral to the upper end of its
range and -1 to the lower end; controls in degrees are driven in degrees.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ros_animate.configuration import option
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.policy.base import Policy
from ros_animate.policy.frame_interval import FrameInterval
from ros_animate.policy.person_range import PersonRange, RangeOptions
from ros_animate.policy.rig_map import RigMap
from ros_animate.policy.strength import GAINS, Strength
from ros_animate.robot.rig import HEAD_ANGLES, tracker_values
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Array, Frame, Motion


class BlendshapeMap(Policy):
    """Linear in the deviation from the person's neutral face.

    The neutral face is the rig's `baseline` at first, follows the median of what the person shows
    (slowly and not far), and is known after `calibrate`. Another tracker has another baseline,
    gains, by which its blendshapes are brought to the scale of the weights, and perhaps a knee,
    beyond which controls are compressed in the place of stopping at the end of their ranges.
    """

    @dataclass(frozen=True)
    class Config(RangeOptions, Strength):
        """Gains of the movements, and adaptation to the person."""

        adapt_s: float = option(60.0, "time in which the neutral face follows the person's usual "
                                      'one by 0.25; 0 keeps it', low=0.0)
        adapt_limit: float = option(0.3, "how far a blendshape's neutral may follow by itself",
                                    low=0.0, high=1.0)

    observes: Literal['motion', 'image'] = 'motion'
    changeable = (*GAINS, 'adapt_s', 'adapt_limit', 'range_s', 'range_limit')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._config, self._spec = config, spec
        self._rig = RigMap(spec)
        used = {f for row in self._rig.rows.values() for f in row} - set(HEAD_ANGLES)
        used |= {f for row in self._own_rows(None).values() for f in row} - set(HEAD_ANGLES)
        self._features = (*sorted(used), *HEAD_ANGLES)
        self._range = PersonRange(self._features)
        self.reset()

    def configure(self, config: Config) -> None:
        self._config = config
        self._weights = self._matrix()

    def act(self, observation: Motion | Frame) -> ActionChunk:
        motion = _motion(observation)
        if motion.model != self._tracker:
            self._use_tracker(motion.model)
        features = self._observe(motion)
        dt_s = self._interval.next(motion.stamp_s)
        self._adapt(features, dt_s)
        moved = features - self._neutral
        moved *= self._range.step(moved, dt_s, self._config)
        values = self._rig.values(self._weights @ moved, self._knee)
        return ActionChunk(self._spec.names, values[None], dt_s, motion.stamp_s)

    def ranged(self, expression: Array) -> Array:
        """(52,) blendshapes as strong as the robot shows those of the person, see `range_s`.

        Args:
            expression: (52,) the person's in the last frame, in the order of BLENDSHAPES.
        """
        if self._config.range_s == 0:
            return expression
        gain = np.where(self._gain > 0, self._gain, 1.0)
        neutral = {**self._relaxed, **dict(zip(self._features, self._neutral / gain))}
        rest = np.array([neutral.get(name, 0.0) for name in BLENDSHAPES])
        return rest + self._range.factors_of(BLENDSHAPES) * (expression - rest)

    def calibrate(self, observation: Motion | Frame) -> None:
        motion = _motion(observation)
        if motion.model != self._tracker:
            self._use_tracker(motion.model)
        self._neutral = self._observe(motion)
        self._anchor = self._neutral.copy()
        self._relaxed = dict(motion.expression)
        self._range.reset()

    def reset(self) -> None:
        self._use_tracker('')
        self._interval = FrameInterval()

    def _use_tracker(self, tracker: str) -> None:
        """Starts with the relaxed face and the gains of the tracker of that name."""
        scale = tracker_values(self._spec.rig, tracker)
        self._tracker, self._knee = tracker, scale.knee
        self._weights = self._matrix()
        self._gain = np.array([scale.gain.get(f, 1.0) for f in self._features])
        self._neutral = self._gain * [scale.baseline.get(f, 0.0) for f in self._features]
        self._anchor = self._neutral.copy()
        self._relaxed = dict(scale.baseline)
        self._range.reset()

    def _matrix(self) -> Array:
        """(N, F) weights for the present tracker, with the strength applied."""
        strength = self._config.of(self._spec)
        own = self._own_rows(self._tracker)
        weights = np.zeros((len(self._spec.names), len(self._features)))
        for index, row in self._rig.rows.items():
            for feature, gain in {**row, **own.get(self._spec.names[index], {})}.items():
                weights[index, self._features.index(feature)] = strength[index] * gain
        return weights

    def _own_rows(self, tracker: str | None) -> dict[str, dict[str, float]]:
        """Weights by control that differ for a tracker; None: for any tracker."""
        trackers = self._spec.rig.get('trackers', {})
        rows: dict[str, dict[str, float]] = {}
        for name, part in trackers.items():
            if tracker in (None, name):
                for control, row in part.get('controls', {}).items():
                    rows[control] = {**rows.get(control, {}), **row}
        return rows

    def _observe(self, motion: Motion) -> Array:
        """(F,) blendshapes times their gains, then the head angles in degrees."""
        shapes = [motion.expression.get(f, 0.0) for f in self._features[:-len(HEAD_ANGLES)]]
        angles = np.zeros(3) if motion.rotation is None else head_angles_deg(motion.rotation)
        return self._gain * [*shapes, *angles]

    def _adapt(self, features: Array, dt_s: float) -> None:
        """Running median of the blendshapes by steps of constant size; the head stays."""
        if self._config.adapt_s == 0:
            return
        step = np.sign(features - self._neutral) * 0.25 * dt_s / self._config.adapt_s
        step[-len(HEAD_ANGLES):] = 0
        limit = self._config.adapt_limit
        self._neutral = np.clip(self._neutral + step, self._anchor - limit, self._anchor + limit)


def _motion(observation: Motion | Frame) -> Motion:
    if not isinstance(observation, Motion):
        raise TypeError('the policy blendshape_map observes motion, not images')
    return observation


PLUGIN = BlendshapeMap
