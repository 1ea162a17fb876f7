"""Training objective of Monkey-Net (section 3.4 of its paper)."""
from __future__ import annotations

import torch
from torch import Tensor

from ros_animate.networks.generator_output import GeneratorOutput
from ros_animate.networks.monkey_net import DenseMotion, Keypoints
from ros_animate.training.animation import losses
from ros_animate.training.animation.objectives.base import Networks, Terms, TrainingObjective
from ros_animate.training.animation.options import MonkeyNetOptions
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch


class MonkeyNetObjective(TrainingObjective):
    """Total loss, eq. (6): least-squares GAN on image and heat maps, (4), feature matching, (5).

    The adversarial loss has no gradient to the keypoints that the discriminator gets.
    """

    Options = MonkeyNetOptions
    trained = ('kp_detector', 'generator')
    condition_type = Keypoints
    options: MonkeyNetOptions

    @property
    def own_terms(self) -> tuple[str, ...]:
        return ('deformed',) if self.options.deformed else ()

    def animate(self, batch: PairBatch, networks: Networks | None = None) -> AnimationOutput:
        return self._animate(batch, networks or self.networks)[0]

    def compute_terms(self, batch: PairBatch,
                      random: torch.Generator) -> tuple[Terms, AnimationOutput]:
        output, deformed = self._animate(batch, self.networks)
        terms = self.image_terms(output, batch)
        if self.options.deformed:
            terms['deformed'] = self.options.deformed * losses.weighted_l1(deformed, batch.target)
        return terms, output

    def matched_maps(self, image: Tensor, maps: list[Tensor]) -> list[Tensor]:
        return [image, *maps]

    def _animate(self, batch: PairBatch, networks: Networks) -> tuple[AnimationOutput, Tensor]:
        """Output, and the warped source (B, 3, S, S)."""
        source: Keypoints = networks['kp_detector'](batch.source)
        driving: Keypoints = networks['kp_detector'](batch.driving)
        generated: GeneratorOutput[DenseMotion] = networks['generator'](batch.source, source,
                                                                        driving)
        condition = (driving.mean.detach(), driving.covariance.detach())
        output = AnimationOutput(generated.prediction, source.mean, driving.mean,
                                 generated.motion.deformation, condition=condition)
        return output, generated.deformed


OBJECTIVE = MonkeyNetObjective
