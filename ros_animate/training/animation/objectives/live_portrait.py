"""LivePortrait's first stage (section 3.2): everything but stitching and retargeting."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.configuration import ConfigurationError
from ros_animate.networks.face_vid2vid import Config as JudgeConfig
from ros_animate.networks.face_vid2vid import Discriminator
from ros_animate.networks.live_portrait import FaceMotion, rotation_matrix, transform
from ros_animate.networks.sampling import without_autocast
from ros_animate.training.animation import losses
from ros_animate.training.animation.crops import Squares, squares, taken
from ros_animate.training.animation.objectives.base import Learner, Made, Terms
from ros_animate.training.animation.objectives.face_vid2vid import FaceVid2vidLearner, turned
from ros_animate.training.animation.options import LivePortraitOptions
from ros_animate.training.animation.pairs import PairBatch

_PARTS = ('face', 'lips')
_LANDMARKS = 10  # of the guide, eq. (18)


class CascadedDiscriminator(nn.Module):
    """One discriminator for the picture, one for the face, one for the lips."""

    def __init__(self) -> None:
        super().__init__()
        self.views = nn.ModuleList(Discriminator(JudgeConfig()) for _ in range(1 + len(_PARTS)))

    def forward(self, image: Tensor, around: Squares) -> tuple[list[Tensor], Tensor]:
        """Maps of all views one after the other, and all scores (B, N)."""
        seen = [image, *(taken(image, square, image.shape[-1] // 2) for square in around)]
        judged = [view(picture) for view, picture in zip(self.views, seen, strict=True)]
        return ([m for maps, _ in judged for m in maps],
                torch.cat([scores.flatten(1) for _, scores in judged], dim=1))


class LivePortraitLearner(FaceVid2vidLearner):
    """Eq. (19): face-vid2vid's terms, some of them cascaded, face identity, and the guide."""

    Options = LivePortraitOptions
    trained = ('appearance_feature_extractor', 'motion_extractor', 'warping_module',
               'spade_generator')
    keypoints_type = Squares
    guided_points = _LANDMARKS
    options: LivePortraitOptions

    def __init__(self, networks: dict[str, Any], options: Any, tower: nn.Module) -> None:
        if options.gan:
            networks = {**networks, 'discriminator': CascadedDiscriminator()}
        if options.face_id and options.tower == 'structure':
            raise ConfigurationError('--set face_id: needs a tower that knows faces: --set '
                                     'tower=bc_z, or vgg19 with weights')
        super().__init__(networks, options, tower)

    @classmethod
    def for_options(cls, options: Any) -> Any:
        from ros_animate.training.animation.objectives.retargeting import RetargetingLearner
        return cls if options.stage == 1 else RetargetingLearner

    @property
    def wants_labels(self) -> bool:
        weights = self.options
        return bool(weights.head_pose or weights.guide or weights.cascade or weights.gan)

    @property
    def own_terms(self) -> tuple[str, ...]:
        names = ('cascade', 'face_id')
        return (*super().own_terms, *(n for n in names if getattr(self.options, n)))

    def _animate(self, batch: PairBatch, networks: Any) -> tuple[Made, Any, Tensor, Any]:
        source, driving = (seen_by(networks, x) for x in (batch.source, batch.driving))
        poses = {name: without_autocast(networks['motion_extractor'])(x)
                 for name, x in (('source', source), ('driving', driving))}
        canonical = poses['source'].canonical
        points = {name: placed(canonical, pose) for name, pose in poses.items()}
        volume = networks['appearance_feature_extractor'](source)
        warped = networks['warping_module'](volume, points['source'], points['driving'])
        prediction = networks['spade_generator'](warped.features)
        around = () if batch.driving_labels is None else squares(batch.driving_labels)
        return made_of(prediction, points, warped, tuple(around)), canonical, points['driving'], (
            poses)

    def _placed(self, canonical: Tensor, pose: Any) -> Tensor:
        return placed(canonical, pose)

    def learn(self, batch: PairBatch, random: torch.Generator) -> tuple[Terms, Made]:
        terms, made = super().learn(batch, random)
        if self.options.cascade:
            terms['cascade'] = self.options.cascade * self._cascade(batch, made)
        if self.options.face_id:
            terms['face_id'] = self.options.face_id * self._unlikeness(batch, made)
        return terms, made

    def _cascade(self, batch: PairBatch, made: Made) -> Tensor:
        """The perceptual terms of the face and of the lips by themselves."""
        side = made.prediction.shape[-1] // 2
        pictures, targets = ([taken(x, square, side) for square in made.keypoints]
                             for x in (made.prediction, batch.target))
        return self.options.perceptual * losses.perceptual(self.tower, pictures, targets)

    def _unlikeness(self, batch: PairBatch, made: Made) -> Tensor:
        """1 - cos of what the tower last says about both faces."""
        said = [self.tower(taken(x, made.keypoints[0], x.shape[-1] // 2))[-1].flatten(1).float()
                for x in (made.prediction, batch.target)]
        return (1 - functional.cosine_similarity(*said)).mean()

    def _moved(self, frame: Tensor) -> FaceMotion:
        return without_autocast(self.networks['motion_extractor'])(seen_by(self.networks, frame))

    @property
    def _align_corners(self) -> bool:
        return self.networks['warping_module'].config.align_corners

    def _head_pose(self, batch: PairBatch, poses: dict[str, Any]) -> Tensor:
        assert batch.driving_labels is not None
        wanted = turned(batch.driving_labels.angles_deg)[:, [1, 0, 2]]  # pitch, yaw, roll
        return losses.head_pose(poses['driving'].degrees(), wanted)


def seen_by(networks: Any, picture: Tensor) -> Tensor:
    """The picture as large as the networks see it; what is made may be larger."""
    side = networks['warping_module'].config.image_size
    return functional.adaptive_avg_pool2d(picture, side) if picture.shape[-1] > side else picture


def placed(canonical: Tensor, pose: FaceMotion) -> Tensor:
    """Keypoints x = s (x_c R + delta) + t, eq. (2): (B, K, 3)."""
    return transform(canonical, rotation_matrix(pose.degrees()), pose.expression, pose.scale,
                     pose.translation)


def made_of(prediction: Tensor, points: dict[str, Tensor], warped: Any,
            around: tuple[Tensor, ...] = ()) -> Made:
    """What came out, with the flow in the middle of the volume."""
    motion = warped.motion
    flow = motion.deformation[:, motion.deformation.shape[1] // 2, ..., :2]
    return Made(prediction, points['source'][..., :2], points['driving'][..., :2], flow,
                motion.occlusion, around)


LEARNER: type[Learner] = LivePortraitLearner
