"""Training objective of face-vid2vid (section 3.3 and appendix A.2 of its paper)."""
from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from ros_animate.networks.face_vid2vid import HeadPose, rotation_matrix, transform
from ros_animate.networks.face_vid2vid.generator import GeneratorOutput
from ros_animate.networks.sampling import without_autocast
from ros_animate.training.animation import losses
from ros_animate.training.animation.objectives.base import (
    Networks,
    Terms,
    TrainingObjective,
    random_deformation,
)
from ros_animate.training.animation.objectives.volumes import to_rotation_angles, volume_output
from ros_animate.training.animation.options import FaceVid2vidOptions
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch


class Animation(NamedTuple):
    """Output and keypoints of a batch.

    Attributes:
        output: The networks' output.
        canonical: (B, K, 3) canonical keypoints of the source.
        driving: (B, K, 3) keypoints of the driving frame.
        driving_pose: Pose and expression of the driving frame, of the family's type.
    """

    output: AnimationOutput
    canonical: Tensor
    driving: Tensor
    driving_pose: Any


class FaceVid2vidObjective(TrainingObjective):
    """The six terms of eq. (16)."""

    Options = FaceVid2vidOptions
    trained: ClassVar[tuple[str, ...]] = ('kp_detector', 'he_estimator', 'generator')
    hinge = True
    options: FaceVid2vidOptions

    @property
    def needs_labels(self) -> bool:
        return bool(self.options.head_pose or self.options.guide)

    @property
    def own_terms(self) -> tuple[str, ...]:
        weights = self.options
        return tuple(name for name, weight in (
            ('equivariance_value', weights.equivariance_value),
            ('keypoint_prior', weights.keypoint_prior), ('head_pose', weights.head_pose),
            ('expression', weights.expression)) if weight)

    def animate(self, batch: PairBatch, networks: Networks | None = None) -> AnimationOutput:
        return self._animate(batch, networks or self.networks).output

    def compute_terms(self, batch: PairBatch,
                      random: torch.Generator) -> tuple[Terms, AnimationOutput]:
        output, canonical, driving, pose = self._animate(batch, self.networks)
        terms = self.image_terms(output, batch)
        weights = self.options
        if weights.equivariance_value:
            value = self._equivariance(batch, canonical, driving, random)
            terms['equivariance_value'] = weights.equivariance_value * value
        if weights.keypoint_prior:
            terms['keypoint_prior'] = weights.keypoint_prior * losses.keypoint_prior(driving)
        if weights.head_pose:
            terms['head_pose'] = weights.head_pose * self._head_pose(batch, pose)
        if weights.expression:
            terms['expression'] = weights.expression * losses.deformation_prior(pose.expression)
        return terms, output

    def _animate(self, batch: PairBatch, networks: Networks) -> Animation:
        canonical: Tensor = networks['kp_detector'](batch.source)
        # Without autocast: every bit of the poses moves keypoints.
        estimate_pose = without_autocast(networks['he_estimator'])
        source_pose, driving_pose = (estimate_pose(x) for x in (batch.source, batch.driving))
        source, driving = (self._transform(canonical, x) for x in (source_pose, driving_pose))
        generated: GeneratorOutput = networks['generator'](batch.source, source, driving)
        output = volume_output(generated.prediction, source, driving, generated.motion)
        return Animation(output, canonical, driving, driving_pose)

    def _transform(self, canonical: Tensor, pose: Any) -> Tensor:
        """Keypoints x = R x_c + t + delta (B, K, 3) of a HeadPose."""
        head_pose: HeadPose = pose
        order = self.networks['generator'].config.rotation
        return transform(canonical, rotation_matrix(head_pose.degrees(), order),
                         head_pose.translation, head_pose.expression)

    def _equivariance(self, batch: PairBatch, canonical: Tensor, driving: Tensor,
                      random: torch.Generator) -> Tensor:
        """Eq. (11), of x and y alone."""
        deformation = random_deformation(batch, self.options, random)
        frame = deformation.warp_image(batch.driving, self._align_corners)
        deformed = self._transform(canonical, self._estimate_pose(frame))
        return losses.equivariance_value(driving[..., :2], deformation(deformed[..., :2]))

    def _estimate_pose(self, frame: Tensor) -> Any:
        """Pose and expression in a frame, of the family's type."""
        return without_autocast(self.networks['he_estimator'])(frame)

    @property
    def _align_corners(self) -> bool:
        align: bool = self.networks['generator'].config.align_corners
        return align

    def _head_pose(self, batch: PairBatch, pose: Any) -> Tensor:
        """Eq. (13) of the driving frame, as the reference has it."""
        assert batch.driving_labels is not None
        return losses.head_pose(pose.degrees(),
                                to_rotation_angles(batch.driving_labels.angles_deg))


OBJECTIVE = FaceVid2vidObjective
