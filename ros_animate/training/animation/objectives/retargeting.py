"""Training objective of LivePortrait's second stage: stitching and retargeting (section 3.3).

All other networks are frozen. The openness of eyes and lips in a generated image is measured by M,
whose first keypoints the guide of the first stage has put onto lids and lips: so it is
differentiable.
"""
from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ros_animate.face.face_mesh import LEFT_EYE, LIPS_OUTER, RIGHT_EYE
from ros_animate.face.opening_ratios import EYE_LEFT, EYE_RIGHT, LIPS, POINTS
from ros_animate.networks.face_vid2vid.volume import WarpingOutput
from ros_animate.networks.sampling import axes, gaussian_heatmaps, without_autocast
from ros_animate.training.animation import losses
from ros_animate.training.animation.landmark_sets import GUIDE
from ros_animate.training.animation.objectives.base import Networks, Terms, TrainingObjective
from ros_animate.training.animation.objectives.live_portrait import LivePortraitObjective
from ros_animate.training.animation.objectives.volumes import (
    shrink_image,
    transform_keypoints,
    volume_output,
)
from ros_animate.training.animation.options import LivePortraitOptions
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch

_STITCHING, _LIP, _EYE = (f'stitching_retargeting_module.{n}' for n in ('stitching', 'lip', 'eye'))
_CHIN = 152
_MAX_OPENNESS = 0.8  # height of eyes and lips by their width
_SPREAD = 0.12  # of the region of eyes and lips
_EPS = 1e-6


class FrozenOutput(NamedTuple):
    """Output of the frozen networks for a batch of pairs.

    Attributes:
        volume: Feature volume of the source.
        source: (B, K, 3) keypoints of the source.
        driving: (B, K, 3) keypoints of the source's face in the driving pose.
        reconstruction: (B, 3, S, S), the source generated from itself.
    """

    volume: Tensor
    source: Tensor
    driving: Tensor
    reconstruction: Tensor


class RetargetingObjective(TrainingObjective):
    """Shoulders stay where they are in the source; eyes and lips open as far as requested."""

    Options = LivePortraitOptions
    trained = (_STITCHING, _LIP, _EYE)
    frozen_names = LivePortraitObjective.trained
    options: LivePortraitOptions

    def __init__(self, networks: dict[str, nn.Module], options: Any, features: nn.Module) -> None:
        super().__init__({n: v for n, v in networks.items() if n != 'discriminator'}, options,
                         features)

    @property
    def needs_labels(self) -> bool:
        return True

    @property
    def terms(self) -> tuple[str, ...]:
        return ('stitching', 'stitching_size', 'eyes', 'eyes_condition', 'eyes_size', 'lips',
                'lips_condition', 'lips_size')

    def animate(self, batch: PairBatch, networks: Networks | None = None) -> AnimationOutput:
        """The source with stitched driving keypoints."""
        frozen = self._frozen_output(batch)
        stitch = without_autocast((networks or self.networks)[_STITCHING])
        return self._generate(frozen.volume, frozen.source,
                              stitch(frozen.source, frozen.driving))

    def compute_terms(self, batch: PairBatch,
                      random: torch.Generator) -> tuple[Terms, AnimationOutput]:
        frozen = self._frozen_output(batch)
        assert batch.source_labels is not None and batch.driving_labels is not None
        stitched = without_autocast(self.networks[_STITCHING])(frozen.source, frozen.driving)
        output = self._generate(frozen.volume, frozen.source, stitched)
        shoulders = shoulder_mask((batch.source_labels.landmarks, batch.driving_labels.landmarks),
                                  output.prediction.shape[-1])
        terms = {'stitching': losses.weighted_l1(output.prediction, frozen.reconstruction,
                                                 shoulders),
                 'stitching_size': self._size(stitched - frozen.driving)}
        for part, network, rings, names in (
                ('eyes', _EYE, (*RIGHT_EYE, *LEFT_EYE), (EYE_LEFT, EYE_RIGHT)),
                ('lips', _LIP, LIPS_OUTER, (LIPS,))):
            terms |= self._openness_terms(part, network, rings, names, frozen, batch, random)
        return terms, output

    def _frozen_output(self, batch: PairBatch) -> FrozenOutput:
        networks = self.frozen_networks
        extract = without_autocast(networks['motion_extractor'])
        with torch.no_grad():
            source_image = shrink_image(batch.source, self._image_size)
            motions = [extract(x) for x in (source_image,
                                            shrink_image(batch.driving, self._image_size))]
            canonical = motions[0].canonical
            source, driving = (transform_keypoints(canonical, motion) for motion in motions)
            volume = networks['appearance_feature_extractor'](source_image)
            reconstruction = self._generate(volume, source, source).prediction
            return FrozenOutput(volume, source, driving, reconstruction)

    def _generate(self, volume: Tensor, source: Tensor, driving: Tensor) -> AnimationOutput:
        """Output of the frozen warping and decoder for keypoints (B, K, 3)."""
        warped: WarpingOutput = self.frozen_networks['warping_module'](volume, source, driving)
        prediction = self.frozen_networks['spade_generator'](warped.features)
        return volume_output(prediction, source, driving, warped.motion)

    def _openness_terms(self, part: str, network: str, rings: tuple[int, ...],
                        names: tuple[str, ...], frozen: FrozenOutput, batch: PairBatch,
                        random: torch.Generator) -> Terms:
        """Terms of eyes or lips with a random target openness; the rest must not change."""
        assert batch.source_labels is not None
        landmarks = batch.source_labels.landmarks
        target = _MAX_OPENNESS * torch.rand(len(landmarks), 1, generator=random).to(
            landmarks.device)
        current = torch.cat([openness(landmarks, name) for name in names], dim=1)
        ratios = torch.cat([current.nan_to_num(0.0), target], dim=1)
        delta = without_autocast(self.networks[network])(frozen.source, ratios)
        image = self._generate(frozen.volume, frozen.source, frozen.source + delta).prediction
        rest = mask_away_from(landmarks[:, rings], image.shape[-1])
        reached = torch.cat([self._measure(image, landmarks, name) for name in names], dim=1)
        condition = losses.zero_if_unknown(reached - target).abs().mean()
        return {part: losses.weighted_l1(image, frozen.reconstruction, rest),
                f'{part}_condition': self.options.condition * condition,
                f'{part}_size': self._size(delta)}

    def _size(self, delta: Tensor) -> Tensor:
        return self.options.regularity * delta.abs().mean()

    def _measure(self, image: Tensor, landmarks: Tensor, name: str) -> Tensor:
        """Openness (B, 1) by M's guided keypoints; the width is that of the source."""
        extract = without_autocast(self.frozen_networks['motion_extractor'])
        motion = extract(shrink_image(image, self._image_size))
        points = transform_keypoints(motion.canonical, motion)[..., :2]
        upper, lower, corner, other = POINTS[name]
        gap = points[:, GUIDE.index(upper)] - points[:, GUIDE.index(lower)]
        width = landmarks[:, corner] - landmarks[:, other]
        return (length(gap) / length(width))[:, None]

    @property
    def _image_size(self) -> int:
        network: Any = self.frozen_networks['warping_module']
        size: int = network.config.image_size
        return size


def openness(landmarks: Tensor, name: str) -> Tensor:
    """Height by width (B, 1) of an eye or the lips, from landmarks (B, 468, 2)."""
    upper, lower, corner, other = (landmarks[:, i] for i in POINTS[name])
    return (length(upper - lower) / length(corner - other))[:, None]


def length(vector: Tensor) -> Tensor:
    """Length (B,) of vectors (B, 2), differentiable at 0."""
    return (vector.square().sum(dim=1) + _EPS).sqrt()


def shoulder_mask(faces: tuple[Tensor, ...], side: int) -> Tensor:
    """Mask (B, 1, side, side): 1 below the chins of all faces, where the shoulders are, else 0.

    Args:
        faces: Landmarks (B, 468, 2) of each face.
        side: Width and height of the mask.
    """
    chin = torch.stack([landmarks[:, _CHIN, 1] for landmarks in faces]).amax(dim=0)
    rows = axes((side, side), chin)[1]
    inside = (rows[None] > chin[:, None].nan_to_num(0.0)).to(chin.dtype)
    # A face that fills the image has no shoulders in it: the last row stands for them.
    inside = torch.cat([inside[:, :-1], torch.ones_like(inside[:, -1:])], dim=1)
    return inside[:, None, :, None].expand(-1, 1, -1, side)


def mask_away_from(points: Tensor, side: int) -> Tensor:
    """Mask (B, 1, side, side): 1 far from the points (B, N, 2), 0 at them."""
    heat = gaussian_heatmaps(points, (side, side), _SPREAD ** 2).amax(dim=1, keepdim=True)
    return 1 - heat.nan_to_num(0.0)


OBJECTIVE = RetargetingObjective
