"""face-vid2vid's losses (section 3.3 and appendix A.2)."""
from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from ros_animate.networks.face_vid2vid import HeadPose, rotation_matrix, transform
from ros_animate.networks.sampling import without_autocast
from ros_animate.training.animation import losses
from ros_animate.training.animation.objectives.base import (
    Learner,
    Made,
    Terms,
    random_deformation,
)
from ros_animate.training.animation.options import FaceVid2vidOptions
from ros_animate.training.animation.pairs import PairBatch


class FaceVid2vidLearner(Learner):
    """The six terms of eq. (16)."""

    Options = FaceVid2vidOptions
    trained: ClassVar[tuple[str, ...]] = ('kp_detector', 'he_estimator', 'generator')
    hinge = True
    options: FaceVid2vidOptions

    @property
    def wants_labels(self) -> bool:
        return bool(self.options.head_pose or self.options.guide)

    @property
    def own_terms(self) -> tuple[str, ...]:
        names = ('equivariance_value', 'keypoint_prior', 'head_pose', 'expression')
        return tuple(name for name in names if getattr(self.options, name))

    def animate(self, batch: PairBatch, networks: Any = None) -> Made:
        return self._animate(batch, networks or self.networks)[0]

    def _animate(self, batch: PairBatch,
                 networks: Any) -> tuple[Made, Any, Tensor, Any]:
        """What was made, canonical and driving keypoints (B, K, 3), both poses."""
        canonical = networks['kp_detector'](batch.source)
        estimate = without_autocast(networks['he_estimator'])  # every bit of it moves keypoints
        poses = {'source': estimate(batch.source), 'driving': estimate(batch.driving)}
        source, driving = (self._placed(canonical, pose) for pose in poses.values())
        made = networks['generator'](batch.source, source, driving)
        middle = made.motion.deformation.shape[1] // 2
        return Made(made.prediction, source[..., :2], driving[..., :2],
                    made.motion.deformation[:, middle, ..., :2],
                    made.motion.occlusion), canonical, driving, poses

    def _placed(self, canonical: Tensor, pose: HeadPose) -> Tensor:
        """X = R x_c + t + delta."""
        order = self.networks['generator'].config.rotation
        degrees = pose.degrees()
        return transform(canonical, rotation_matrix(degrees, order), pose.translation,
                         pose.expression)

    def learn(self, batch: PairBatch, random: torch.Generator) -> tuple[Terms, Made]:
        made, canonical, driving, poses = self._animate(batch, self.networks)
        terms = self.compared(made, batch)
        weights = self.options
        if weights.equivariance_value:
            value = self._equivariance(batch, canonical, driving, random)
            terms['equivariance_value'] = weights.equivariance_value * value
        if weights.keypoint_prior:
            terms['keypoint_prior'] = weights.keypoint_prior * losses.keypoint_prior(driving)
        if weights.head_pose:
            terms['head_pose'] = weights.head_pose * self._head_pose(batch, poses)
        if weights.expression:
            terms['expression'] = weights.expression * losses.deformation_prior(
                poses['driving'].expression)
        return terms, made

    def _equivariance(self, batch: PairBatch, canonical: Tensor, driving: Tensor,
                      random: torch.Generator) -> Tensor:
        """Eq. (11), in the plane."""
        deformation = random_deformation(batch, self.options, random)
        frame = deformation.warp_image(batch.driving, self._align_corners)
        deformed = self._placed(canonical, self._moved(frame))
        return losses.equivariance_value(driving[..., :2], deformation(deformed[..., :2]))

    def _moved(self, frame: Tensor) -> Any:
        """Pose and expression in a frame."""
        return without_autocast(self.networks['he_estimator'])(frame)

    @property
    def _align_corners(self) -> bool:
        return self.networks['generator'].config.align_corners

    def _head_pose(self, batch: PairBatch, poses: dict[str, Any]) -> Tensor:
        """Of the driving picture, as the reference has it."""
        assert batch.driving_labels is not None
        return losses.head_pose(poses['driving'].degrees(),
                                turned(batch.driving_labels.angles_deg))


def turned(angles_deg: Tensor) -> Tensor:
    """Labels (B, 3) as the rotation R wants them, whose z points to the camera.

    Pitch and roll of the labels go the other way round.
    """
    return angles_deg * angles_deg.new_tensor([1.0, -1.0, -1.0])


LEARNER = FaceVid2vidLearner
