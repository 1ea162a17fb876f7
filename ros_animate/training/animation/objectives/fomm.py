"""Training objective of the First Order Motion Model (section 3.4 of its paper)."""
from __future__ import annotations

import torch

from ros_animate.networks.fomm import DenseMotion, Keypoints
from ros_animate.networks.fomm.equivariance import pull_back
from ros_animate.networks.generator_output import GeneratorOutput
from ros_animate.training.animation import losses
from ros_animate.training.animation.objectives.base import (
    Networks,
    Terms,
    TrainingObjective,
    random_deformation,
)
from ros_animate.training.animation.options import FommOptions
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch


class FommObjective(TrainingObjective):
    """Perceptual reconstruction, eq. (13), equivariance, eq. (14), and an optional GAN."""

    Options = FommOptions
    trained = ('kp_detector', 'generator')
    condition_type = Keypoints
    options: FommOptions

    @property
    def own_terms(self) -> tuple[str, ...]:
        used = self.options.equivariance_value or self.options.equivariance_jacobian
        return ('equivariance_value', 'equivariance_jacobian') if used else ()

    def animate(self, batch: PairBatch, networks: Networks | None = None) -> AnimationOutput:
        return self._animate(batch, networks or self.networks)[0]

    def compute_terms(self, batch: PairBatch,
                      random: torch.Generator) -> tuple[Terms, AnimationOutput]:
        output, driving = self._animate(batch, self.networks)
        terms = self.image_terms(output, batch) | self._equivariance(batch, driving, random)
        return terms, output

    def _animate(self, batch: PairBatch, networks: Networks) -> tuple[AnimationOutput, Keypoints]:
        """Output, and keypoints of the driving frame."""
        source: Keypoints = networks['kp_detector'](batch.source)
        driving: Keypoints = networks['kp_detector'](batch.driving)
        generated: GeneratorOutput[DenseMotion] = networks['generator'](batch.source, source,
                                                                        driving)
        condition = (driving.value.detach(), driving.jacobian.detach())
        return AnimationOutput(generated.prediction, source.value, driving.value,
                               generated.motion.deformation, generated.motion.occlusion,
                               condition), driving

    def _equivariance(self, batch: PairBatch, driving: Keypoints,
                      random: torch.Generator) -> Terms:
        options = self.options
        if not self.own_terms:
            return {}
        deformation = random_deformation(batch, options, random)
        align: bool = self.networks['generator'].align_corners
        deformed = self.networks['kp_detector'](deformation.warp_image(batch.driving, align))
        pulled = pull_back(deformation, deformed)
        value = losses.equivariance_value(driving.value, pulled.value)
        jacobian = losses.equivariance_jacobian(driving.jacobian, pulled.jacobian)
        return {'equivariance_value': options.equivariance_value * value,
                'equivariance_jacobian': options.equivariance_jacobian * jacobian}


OBJECTIVE = FommObjective
