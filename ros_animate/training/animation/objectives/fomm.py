"""The First Order Motion Model's losses (section 3.4)."""
from __future__ import annotations

from typing import Any

import torch

from ros_animate.networks.fomm import Keypoints
from ros_animate.networks.fomm.equivariance import pull_back
from ros_animate.training.animation import losses
from ros_animate.training.animation.objectives.base import (
    Learner,
    Made,
    Terms,
    random_deformation,
)
from ros_animate.training.animation.options import FommOptions
from ros_animate.training.animation.pairs import PairBatch


class FommLearner(Learner):
    """Perceptual reconstruction, eq. (13), and equivariance, eq. (14); adversary if wanted."""

    Options = FommOptions
    trained = ('kp_detector', 'generator')
    keypoints_type = Keypoints
    options: FommOptions

    @property
    def own_terms(self) -> tuple[str, ...]:
        wanted = self.options.equivariance_value or self.options.equivariance_jacobian
        return ('equivariance_value', 'equivariance_jacobian') if wanted else ()

    def animate(self, batch: PairBatch, networks: Any = None) -> Made:
        return self._animate(batch, networks or self.networks)[0]

    def _animate(self, batch: PairBatch, networks: Any) -> tuple[Made, Keypoints]:
        source = networks['kp_detector'](batch.source)
        driving = networks['kp_detector'](batch.driving)
        made = networks['generator'](batch.source, source, driving)
        seen = (driving.value.detach(), driving.jacobian.detach())
        return Made(made.prediction, source.value, driving.value, made.motion.deformation,
                    made.motion.occlusion, seen), driving

    def learn(self, batch: PairBatch, random: torch.Generator) -> tuple[Terms, Made]:
        made, driving = self._animate(batch, self.networks)
        return self.compared(made, batch) | self._equivariance(batch, driving, random), made

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


LEARNER = FommLearner
