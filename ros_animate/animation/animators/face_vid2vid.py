"""A portrait animated by face-vid2vid, seen from any side."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor

from ros_animate.animation.neural import KeypointAnimator, ScalingOptions
from ros_animate.configuration import option
from ros_animate.face.framing import TIGHT
from ros_animate.inference.conversions.face_vid2vid import MODEL, to_motion
from ros_animate.inference.device import to_array
from ros_animate.networks.face_vid2vid import rotation_matrix
from ros_animate.types import Array, Motion


class FaceVid2Vid(KeypointAnimator):
    """face-vid2vid (CVPR 2021): a feature volume of the source, warped by keypoints in 3-D.

    The source's canonical keypoints serve both sides: the driving side contributes rotation,
    translation and expression only. Free view: with `follow_head` off the head has the angles
    `yaw_deg`, `pitch_deg` and `roll_deg`, whatever the driving head does; `shift_x` and `shift_y`
    move it.
    """

    @dataclass(frozen=True)
    class Config(ScalingOptions):
        """Options of the animator."""

        follow_head: bool = option(True, 'the head turns as the driving one; the angles below are '
                                         'added to it')
        yaw_deg: float = option(0.0, 'turn of the head to the side', low=-90, high=90)
        pitch_deg: float = option(0.0, 'nod', low=-90, high=90)
        roll_deg: float = option(0.0, 'tilt', low=-90, high=90)
        shift_x: float = option(0.0, 'shift to the right, in half widths of the image',
                                low=-1, high=1)
        shift_y: float = option(0.0, 'shift downwards, in half heights of the image',
                                low=-1, high=1)

    extractor = family = MODEL
    network_names = ('kp_detector', 'he_estimator', 'generator')
    framing = TIGHT
    changeable = ('follow_head', 'yaw_deg', 'pitch_deg', 'roll_deg', 'shift_x', 'shift_y')
    computed_fields = ('keypoints',)

    def _encode(self, image: Tensor, landmarks: Array | None) -> Motion:
        self._canonical = to_array(self.networks['kp_detector'](image))
        self._volume = self.networks['generator'].encode(image)
        pose = self.networks['he_estimator'](image)
        source = self._with_keypoints(to_motion(pose, self.network_config, 0.0))
        self._keypoints = self._tensor(source.keypoints)
        return source

    def _render(self, motion: Motion) -> Tensor:
        driving = self._tensor(self._transfer(motion).keypoints)
        return self.networks['generator'].render(self._volume, self._keypoints, driving)

    def _with_keypoints(self, motion: Motion) -> Motion:
        """Keypoints x = R x_c + t + delta, eq. 2 and 4, with the source's canonical x_c."""
        assert motion.rotation is not None and motion.translation is not None
        assert motion.deformations is not None
        keypoints = self._canonical @ motion.rotation.T + motion.translation + motion.deformations
        return dataclasses.replace(motion, keypoints=keypoints)

    def _with_view(self, motion: Motion) -> Motion:
        config = self.config
        assert motion.rotation is not None and motion.translation is not None
        angles = torch.tensor([[config.yaw_deg, config.pitch_deg, config.roll_deg]],
                              dtype=torch.float64)
        turn = to_array(rotation_matrix(angles, self.network_config.rotation))
        rotation = motion.rotation @ turn if config.follow_head else turn
        shifted = motion.translation + (config.shift_x, config.shift_y, 0.0)
        return dataclasses.replace(motion, rotation=rotation, translation=shifted)

    def _tensor(self, keypoints: Array | None) -> Tensor:
        return torch.as_tensor(keypoints, dtype=torch.float32, device=self.device)[None]


PLUGIN = FaceVid2Vid
