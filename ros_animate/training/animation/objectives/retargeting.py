"""LivePortrait's second stage (section 3.3): stitching and retargeting on frozen networks.

How far eyes and lips of a made picture are open is told by M, whose first keypoints the guide of
the first stage has put onto lids and lips, so that it can be differentiated.
"""
from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ros_animate.face.face_mesh import LEFT_EYE, LIPS_OUTER, RIGHT_EYE
from ros_animate.face.opening_ratios import EYE_LEFT, EYE_RIGHT, LIPS, POINTS
from ros_animate.networks.sampling import axes, gaussian_heatmaps, without_autocast
from ros_animate.training.animation import losses
from ros_animate.training.animation.landmark_sets import GUIDE
from ros_animate.training.animation.objectives.base import Learner, Made, Terms
from ros_animate.training.animation.objectives.live_portrait import (
    LivePortraitLearner,
    made_of,
    placed,
    seen_by,
)
from ros_animate.training.animation.options import LivePortraitOptions
from ros_animate.training.animation.pairs import PairBatch

_S, _LIP, _EYE = (f'stitching_retargeting_module.{n}' for n in ('stitching', 'lip', 'eye'))
_CHIN = 152
_MOST = 0.8  # eyes and lips open so far at most, by their width
_SPREAD = 0.12  # of what counts as the region of eyes and lips
_SMALL = 1e-6


class Seen(NamedTuple):
    """What the frozen networks say about a pair.

    Attributes:
        volume: Features of the source.
        source: Its keypoints (B, K, 3).
        driving: Those of its own face in the driving pose.
        same: (B, 3, S, S) the source made from itself.
    """

    volume: Tensor
    source: Tensor
    driving: Tensor
    same: Tensor


class RetargetingLearner(Learner):
    """Shoulders stay where the source has them; eyes and lips open as far as they are told."""

    Options = LivePortraitOptions
    trained = (_S, _LIP, _EYE)
    frozen = LivePortraitLearner.trained
    options: LivePortraitOptions

    def __init__(self, networks: dict[str, Any], options: Any, tower: Any) -> None:
        super().__init__({n: v for n, v in networks.items() if n != 'discriminator'}, options,
                         tower)
        self._frozen = dict(self.still)

    @property
    def wants_labels(self) -> bool:
        return True

    @property
    def terms(self) -> tuple[str, ...]:
        return tuple(f'{part}{what}' for part in ('stitching', 'eyes', 'lips')
                     for what in ('', '_condition', '_size') if part + what != (
                         'stitching_condition'))

    def animate(self, batch: PairBatch, networks: Any = None) -> Made:
        """The source with stitched driving keypoints."""
        seen = self._see(batch)
        stitch = without_autocast((networks or self.networks)[_S])
        return self._rendered(seen, stitch(seen.source, seen.driving))

    def learn(self, batch: PairBatch, random: torch.Generator) -> tuple[Terms, Made]:
        seen = self._see(batch)
        assert batch.source_labels is not None and batch.driving_labels is not None
        stitched = without_autocast(self.networks[_S])(seen.source, seen.driving)
        made = self._rendered(seen, stitched)
        still = below((batch.source_labels.landmarks, batch.driving_labels.landmarks),
                      made.prediction.shape[-1])
        terms = {'stitching': losses.weighted_l1(made.prediction, seen.same, still),
                 'stitching_size': self._size(stitched - seen.driving)}
        for part, network, rings, names in (
                ('eyes', _EYE, (*RIGHT_EYE, *LEFT_EYE), (EYE_LEFT, EYE_RIGHT)),
                ('lips', _LIP, LIPS_OUTER, (LIPS,))):
            terms |= self._opened(part, network, rings, names, seen, batch, random)
        return terms, made

    def _see(self, batch: PairBatch) -> Seen:
        networks = self._frozen
        with torch.no_grad():
            source = seen_by(networks, batch.source)
            poses = [without_autocast(networks['motion_extractor'])(x)
                     for x in (source, seen_by(networks, batch.driving))]
            canonical = poses[0].canonical
            points = [placed(canonical, pose) for pose in poses]
            volume = networks['appearance_feature_extractor'](source)
            seen = Seen(volume, points[0], points[1], volume)
            return seen._replace(same=self._rendered(seen, points[0]).prediction)

    def _rendered(self, seen: Seen, keypoints: Tensor) -> Made:
        warped = self._frozen['warping_module'](seen.volume, seen.source, keypoints)
        prediction = self._frozen['spade_generator'](warped.features)
        return made_of(prediction, {'source': seen.source, 'driving': keypoints}, warped)

    def _opened(self, part: str, network: str, rings: tuple[int, ...], names: tuple[str, ...],
                seen: Seen, batch: PairBatch, random: torch.Generator) -> Terms:
        """Terms of eyes or lips, told how far to open: the rest of the picture shall not change."""
        assert batch.source_labels is not None
        landmarks = batch.source_labels.landmarks
        wanted = _MOST * torch.rand(len(landmarks), 1, generator=random).to(landmarks.device)
        now = torch.cat([openness(landmarks, name) for name in names], dim=1)
        given = torch.cat([now.nan_to_num(0.0), wanted], dim=1)
        delta = without_autocast(self.networks[network])(seen.source, given)
        made = self._rendered(seen, seen.source + delta).prediction
        rest = away_from(landmarks[:, rings], made.shape[-1])
        reached = torch.cat([self._openness(made, landmarks, name) for name in names], dim=1)
        condition = losses.known(reached - wanted).abs().mean()
        return {part: losses.weighted_l1(made, seen.same, rest),
                f'{part}_condition': self.options.condition * condition,
                f'{part}_size': self._size(delta)}

    def _size(self, delta: Tensor) -> Tensor:
        return self.options.regularity * delta.abs().mean()

    def _openness(self, picture: Tensor, landmarks: Tensor, name: str) -> Tensor:
        """(B, 1) by M's guided keypoints; the width is that of the source."""
        pose = without_autocast(self._frozen['motion_extractor'])(seen_by(self._frozen, picture))
        points = placed(pose.canonical, pose)[..., :2]
        upper, lower, corner, other = POINTS[name]
        gap = points[:, GUIDE.index(upper)] - points[:, GUIDE.index(lower)]
        width = landmarks[:, corner] - landmarks[:, other]
        return (length(gap) / length(width))[:, None]


def openness(landmarks: Tensor, name: str) -> Tensor:
    """Height by width of an opening, of landmarks (B, 468, 2): (B, 1)."""
    upper, lower, corner, other = (landmarks[:, i] for i in POINTS[name])
    return (length(upper - lower) / length(corner - other))[:, None]


def length(vector: Tensor) -> Tensor:
    """Of (B, 2); differentiable at 0."""
    return (vector.square().sum(dim=1) + _SMALL).sqrt()


def below(faces: tuple[Tensor, ...], side: int) -> Tensor:
    """1 below all chins, where the shoulders are, else 0: (B, 1, side, side)."""
    chin = torch.stack([landmarks[:, _CHIN, 1] for landmarks in faces]).amax(dim=0)
    rows = axes((side, side), chin)[1]
    inside = (rows[None] > chin[:, None].nan_to_num(0.0)).to(chin.dtype)
    # A face that fills the picture has no shoulders in it: the last row stands for them.
    inside = torch.cat([inside[:, :-1], torch.ones_like(inside[:, -1:])], dim=1)
    return inside[:, None, :, None].expand(-1, 1, -1, side)


def away_from(points: Tensor, side: int) -> Tensor:
    """1 far from the points (B, N, 2), 0 at them: (B, 1, side, side)."""
    heat = gaussian_heatmaps(points, (side, side), _SPREAD ** 2).amax(dim=1, keepdim=True)
    return 1 - heat.nan_to_num(0.0)
