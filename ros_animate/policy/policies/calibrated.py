"""Feature space to control values by the inverse of what a calibration has learned.

`ros_animate calibrate` learns what the robot's controls do to its tracked face (a forward model).
This policy looks for the controls whose predicted face is nearest to the person's, and keeps near
to the rig's solution where several are as near, or where little was learned. A robot that has not
been calibrated follows its rig alone, and so do the motions of other trackers than the Face
Landmarker, with which the calibration was made.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ros_animate.configuration import ConfigurationError, option
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.face.tracker_scale import LANDMARKER, landmarker_values
from ros_animate.policy.base import Policy
from ros_animate.policy.calibrations import find_calibration
from ros_animate.policy.forward_model import OUTPUTS
from ros_animate.policy.frame_interval import FrameInterval
from ros_animate.policy.inverse import FaceInverse
from ros_animate.policy.policies.blendshape_map import BlendshapeMap
from ros_animate.robot.movement import moving_share
from ros_animate.robot.rig import HEAD_ANGLES
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Array, Frame, Motion

# Weights of the rig's solution by group, as multiples of the option `rig`: what the tracker reports
# of the gaze depends on the lids too much.
_RIG_WEIGHTS = {'gaze': 10.0}
# The same of the sides' difference: one raised brow is a common expression.
_CROOKED = {'brow': 0.1}
_FIRST_ITERATIONS = 12
_IS_ANGLE = np.array([name in HEAD_ANGLES for name in OUTPUTS])
# A face that looks into the camera is tracked as turned by less than this, people's faces too.
_STRAIGHT_DEG = 2.0


class Calibrated(Policy):
    """The pose whose predicted face is nearest to the person's.

    Before `calibrate` the robot shows the face that the person shows; afterwards it shows the
    changes from the person's neutral face, and that face is its own neutral one. The head always
    turns from its own neutral pose: the camera of the calibration may have stood beside it.
    """

    @dataclass(frozen=True)
    class Config(BlendshapeMap.Config):
        """The calibration, and how closely it is followed; the options of the rig."""

        weights: str = option('', 'folder of the calibration; empty: the one of the robot of that '
                                  "name, looked for in ROS_ANIMATE_WEIGHTS, the user's cache and "
                                  'the package; without any the robot follows its rig')
        rig: float = option(0.05, "weight of the rig's solution; at 1, half the range of a control "
                                  'counts as much as all of a blendshape', low=1e-4, high=100.0)
        crooked: float = option(0.1, 'weight of what left and right differ more than with the rig',
                                low=0.0, high=100.0)
        lead: float = option(1.0, 'share of the last movement by which the robot is ahead, so that '
                                  'it is not late by the smoothing; 0 for none', low=0.0, high=2.0)
        iterations: int = option(3, 'steps towards the nearest face in each frame', low=1, high=50)

    observes: Literal['motion', 'image'] = 'motion'
    changeable = (*BlendshapeMap.changeable, 'lead')

    def __init__(self, config: Config, spec: RobotSpec) -> None:
        self._spec = spec
        model = find_calibration(spec, config.weights)
        if model is None and not spec.rig:
            raise ConfigurationError(f'robot {spec.name} has neither a calibration nor a rig: '
                                     f'`ros_animate calibrate {spec.name}` makes one')
        if model is not None:
            spec = model.corrected(spec)
        self._rig = BlendshapeMap(_rig_config(config), spec) if spec.rig else None
        prior = np.array([config.rig * _RIG_WEIGHTS.get(c.group, 1.0) for c in spec.controls])
        crooked = np.array([config.crooked * _CROOKED.get(c.group, 1.0) for c in spec.controls])
        self._inverse = None if model is None else FaceInverse(model, spec, prior, crooked)
        self._neutral_face = (np.zeros(len(OUTPUTS)) if model is None
                              else model.predict(spec.neutral))
        self._pose: Array | None = None
        self._last: Array | None = None
        self.configure(config)
        self.reset()

    def configure(self, config: Config) -> None:
        self._config, self._strength = config, config.of(self._spec)
        if self._rig is not None:
            self._rig.configure(_rig_config(config))

    def act(self, observation: Motion | Frame) -> ActionChunk:
        motion = _motion(observation)
        dt_s = self._interval.next(motion.stamp_s)
        pose = self._nearest(motion)
        spec = self._spec
        pose = np.clip(spec.neutral + self._strength * (pose - spec.neutral), spec.low, spec.high)
        values = np.stack([pose, self._ahead(pose)])
        self._last = pose
        return ActionChunk(spec.names, values, dt_s, motion.stamp_s)

    def calibrate(self, observation: Motion | Frame) -> None:
        motion = _motion(observation)
        if self._rig is not None:
            self._rig.calibrate(motion)
        if self._inverse is not None:
            self._offset = self._neutral_face - self._observe(motion)

    def reset(self) -> None:
        if self._rig is not None:
            self._rig.reset()
        self._interval = FrameInterval()
        is_aside = _IS_ANGLE & (np.abs(self._neutral_face) > _STRAIGHT_DEG)
        self._offset = np.where(is_aside, self._neutral_face, 0.0)
        self._pose = self._last = None

    def _nearest(self, motion: Motion) -> Array:
        """(N,) the pose whose face is nearest to the person's, or that of the rig."""
        prior = self._spec.neutral if self._rig is None else self._rig.act(motion).values[0]
        if self._inverse is None or (self._rig is not None and motion.model != LANDMARKER):
            return prior
        target, shapes = self._observe(motion), len(BLENDSHAPES)
        if self._rig is not None:
            target[:shapes] = self._rig.ranged(target[:shapes])
        target += self._offset
        target[:shapes] = np.clip(target[:shapes], 0.0, 1.0)
        first = self._pose is None
        self._pose = self._inverse.solve(
            target, prior, prior if self._pose is None else self._pose,
            _FIRST_ITERATIONS if first else self._config.iterations)
        return self._pose

    def _observe(self, motion: Motion) -> Array:
        """(55,) blendshapes on the Face Landmarker's scale, and head angles in degrees."""
        relaxed = self._spec.rig.get('baseline', {})
        expression = landmarker_values(motion.expression, motion.model, relaxed)
        shapes = [expression.get(name, 0.0) for name in BLENDSHAPES]
        angles = np.zeros(3) if motion.rotation is None else head_angles_deg(motion.rotation)
        return np.array([*shapes, *angles])

    def _ahead(self, pose: Array) -> Array:
        """(N,) the pose one frame later if the movement goes on; noise does not."""
        if self._last is None:
            return pose
        movement = pose - self._last
        share = moving_share(self._spec, movement) * self._config.lead
        return np.clip(pose + share * movement, self._spec.low, self._spec.high)


def _rig_config(config: Calibrated.Config) -> BlendshapeMap.Config:
    """Options of the rig, whose solution is not strengthened."""
    return BlendshapeMap.Config(adapt_s=config.adapt_s, adapt_limit=config.adapt_limit,
                                range_s=config.range_s, range_limit=config.range_limit)


def _motion(observation: Motion | Frame) -> Motion:
    if not isinstance(observation, Motion):
        raise TypeError('the policy calibrated observes motion, not images')
    return observation


PLUGIN = Calibrated
