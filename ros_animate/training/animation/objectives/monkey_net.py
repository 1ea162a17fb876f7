"""Monkey-Net's losses (section 3.4)."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ros_animate.networks.monkey_net import Keypoints
from ros_animate.training.animation import losses
from ros_animate.training.animation.objectives.base import Learner, Made, Terms
from ros_animate.training.animation.options import MonkeyNetOptions
from ros_animate.training.animation.pairs import PairBatch


class MonkeyNetLearner(Learner):
    """Least-squares GAN on picture and heat maps, eq. (4), feature matching, (5); total (6).

    The keypoints that the discriminator sees are not taught by it.
    """

    Options = MonkeyNetOptions
    trained = ('kp_detector', 'generator')
    keypoints_type = Keypoints
    options: MonkeyNetOptions

    @property
    def own_terms(self) -> tuple[str, ...]:
        return ('deformed',) if self.options.deformed else ()

    def animate(self, batch: PairBatch, networks: Any = None) -> Made:
        return self._animate(batch, networks or self.networks)[0]

    def _animate(self, batch: PairBatch, networks: Any) -> tuple[Made, Tensor]:
        source = networks['kp_detector'](batch.source)
        driving = networks['kp_detector'](batch.driving)
        made = networks['generator'](batch.source, source, driving)
        seen = (driving.mean.detach(), driving.covariance.detach())
        return Made(made.prediction, source.mean, driving.mean, made.motion.deformation,
                    keypoints=seen), made.deformed

    def learn(self, batch: PairBatch, random: torch.Generator) -> tuple[Terms, Made]:
        made, deformed = self._animate(batch, self.networks)
        terms = self.compared(made, batch)
        if self.options.deformed:
            terms['deformed'] = self.options.deformed * losses.weighted_l1(deformed, batch.target)
        return terms, made

    def matched(self, image: Tensor, maps: list[Tensor]) -> list[Tensor]:
        return [image, *maps]


LEARNER = MonkeyNetLearner
