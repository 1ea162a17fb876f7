"""Training objective of the warp-guided generator."""
from __future__ import annotations

import torch
from torch import Tensor

from ros_animate.networks.warp_guided import Refinement, WarpedSource
from ros_animate.training.animation import losses
from ros_animate.training.animation.landmark_sets import EXPRESSIVE
from ros_animate.training.animation.objectives.base import Networks, Terms, TrainingObjective
from ros_animate.training.animation.options import WarpGuidedOptions
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch


class WarpGuidedObjective(TrainingObjective):
    """Perceptual and photometric distance to the target."""

    Options = WarpGuidedOptions
    trained = ('refiner',)
    warps = True
    options: WarpGuidedOptions

    @property
    def needs_labels(self) -> bool:
        return False  # data with warps have some

    @property
    def own_terms(self) -> tuple[str, ...]:
        return ('photometric',) if self.options.photometric else ()

    def animate(self, batch: PairBatch, networks: Networks | None = None) -> AnimationOutput:
        assert batch.warped is not None
        content: WarpedSource = batch.warped
        refined: Refinement = (networks or self.networks)['refiner'](content)
        return AnimationOutput(refined.prediction, _points(batch.source_labels, content.source),
                               _points(batch.driving_labels, content.source), refined.positions,
                               refined.blend)

    def compute_terms(self, batch: PairBatch,
                      random: torch.Generator) -> tuple[Terms, AnimationOutput]:
        output = self.animate(batch)
        terms = self.image_terms(output, batch)
        if self.options.photometric:
            terms['photometric'] = self.options.photometric * losses.weighted_l1(
                output.prediction, batch.target, self.emphasis(batch))
        return terms, output


def _points(labels: object, like: Tensor) -> Tensor:
    """Landmarks to show in samples, (B, L, 2); none without labels."""
    landmarks: Tensor | None = getattr(labels, 'landmarks', None)
    return like.new_zeros(len(like), 0, 2) if landmarks is None else landmarks[:, EXPRESSIVE]


OBJECTIVE = WarpGuidedObjective
