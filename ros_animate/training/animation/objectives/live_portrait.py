"""Training objective of LivePortrait's first stage (section 3.2 of its paper).

It trains all networks but stitching and retargeting, which `retargeting` trains.
"""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.configuration import ConfigurationError
from ros_animate.networks.face_vid2vid import Config as DiscriminatorConfig
from ros_animate.networks.face_vid2vid import Discriminator
from ros_animate.networks.face_vid2vid.volume import WarpingOutput
from ros_animate.networks.live_portrait import FaceMotion
from ros_animate.networks.sampling import without_autocast
from ros_animate.training.animation import losses
from ros_animate.training.animation.crops import Squares, crop_squares, face_squares
from ros_animate.training.animation.objectives.base import Networks, Terms
from ros_animate.training.animation.objectives.face_vid2vid import (
    Animation,
    FaceVid2vidObjective,
)
from ros_animate.training.animation.objectives.volumes import (
    shrink_image,
    to_rotation_angles,
    transform_keypoints,
    volume_output,
)
from ros_animate.training.animation.options import LivePortraitOptions
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch

_PARTS = ('face', 'lips')
_LANDMARKS = 10  # of the guide, eq. (18)


class CascadedDiscriminator(nn.Module):
    """One discriminator for the image, one for the face, one for the lips."""

    def __init__(self) -> None:
        super().__init__()
        self.views = nn.ModuleList(Discriminator(DiscriminatorConfig())
                                   for _ in range(1 + len(_PARTS)))

    def forward(self, image: Tensor, squares: Squares) -> tuple[list[Tensor], Tensor]:
        """Maps of all views one after the other, and all scores (B, N)."""
        side = image.shape[-1] // 2
        images = [image, *(crop_squares(image, square, side) for square in squares)]
        results = [view(x) for view, x in zip(self.views, images, strict=True)]
        return ([m for maps, _ in results for m in maps],
                torch.cat([scores.flatten(1) for _, scores in results], dim=1))


class LivePortraitObjective(FaceVid2vidObjective):
    """Eq. (19): face-vid2vid's terms, some of them cascaded, face identity, and the guide."""

    Options = LivePortraitOptions
    trained = ('appearance_feature_extractor', 'motion_extractor', 'warping_module',
               'spade_generator')
    condition_type = Squares
    guided_points = _LANDMARKS
    options: LivePortraitOptions

    def __init__(self, networks: dict[str, nn.Module], options: Any, features: nn.Module) -> None:
        if options.gan:
            networks = {**networks, 'discriminator': CascadedDiscriminator()}
        if options.face_id and options.tower == 'structure':
            raise ConfigurationError('--set face_id: needs perceptual features of faces: --set '
                                     'tower=bc_z, or vgg19 with weights')
        super().__init__(networks, options, features)

    @property
    def needs_labels(self) -> bool:
        weights = self.options
        return bool(weights.head_pose or weights.guide or weights.cascade or weights.gan)

    @property
    def own_terms(self) -> tuple[str, ...]:
        weights = self.options
        return (*super().own_terms, *(('cascade',) if weights.cascade else ()),
                *(('face_id',) if weights.face_id else ()))

    def compute_terms(self, batch: PairBatch,
                      random: torch.Generator) -> tuple[Terms, AnimationOutput]:
        terms, output = super().compute_terms(batch, random)
        if self.options.cascade:
            terms['cascade'] = self.options.cascade * self._cascade(batch, output)
        if self.options.face_id:
            terms['face_id'] = self.options.face_id * self._identity(batch, output)
        return terms, output

    def _animate(self, batch: PairBatch, networks: Networks) -> Animation:
        size = self._image_size
        source_image, driving_image = (shrink_image(x, size) for x in (batch.source,
                                                                       batch.driving))
        extract = without_autocast(networks['motion_extractor'])
        source_motion, driving_motion = extract(source_image), extract(driving_image)
        canonical = source_motion.canonical
        source, driving = (transform_keypoints(canonical, motion)
                           for motion in (source_motion, driving_motion))
        volume = networks['appearance_feature_extractor'](source_image)
        warped: WarpingOutput = networks['warping_module'](volume, source, driving)
        prediction = networks['spade_generator'](warped.features)
        squares = () if batch.driving_labels is None else face_squares(batch.driving_labels)
        output = volume_output(prediction, source, driving, warped.motion, tuple(squares))
        return Animation(output, canonical, driving, driving_motion)

    def _transform(self, canonical: Tensor, pose: Any) -> Tensor:
        return transform_keypoints(canonical, pose)

    def _cascade(self, batch: PairBatch, output: AnimationOutput) -> Tensor:
        """Perceptual terms of the face and of the lips alone."""
        side = output.prediction.shape[-1] // 2
        images, targets = ([crop_squares(x, square, side) for square in output.condition]
                           for x in (output.prediction, batch.target))
        return self.options.perceptual * losses.perceptual(self.features, images, targets)

    def _identity(self, batch: PairBatch, output: AnimationOutput) -> Tensor:
        """1 - cosine between the last perceptual features of both faces."""
        face = output.condition[0]
        last = [self.features(crop_squares(x, face, x.shape[-1] // 2))[-1].flatten(1).float()
                for x in (output.prediction, batch.target)]
        return (1 - functional.cosine_similarity(*last)).mean()

    def _estimate_pose(self, frame: Tensor) -> FaceMotion:
        image = shrink_image(frame, self._image_size)
        motion: FaceMotion = without_autocast(self.networks['motion_extractor'])(image)
        return motion

    @property
    def _align_corners(self) -> bool:
        align: bool = self.networks['warping_module'].config.align_corners
        return align

    @property
    def _image_size(self) -> int:
        size: int = self.networks['warping_module'].config.image_size
        return size

    def _head_pose(self, batch: PairBatch, pose: FaceMotion) -> Tensor:
        assert batch.driving_labels is not None
        yaw_pitch_roll = to_rotation_angles(batch.driving_labels.angles_deg)
        return losses.head_pose(pose.degrees(), yaw_pitch_roll[:, [1, 0, 2]])


OBJECTIVE = LivePortraitObjective
