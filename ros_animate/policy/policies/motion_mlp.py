"""Feature space to action chunks by a learned perceptron."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ros_animate.policy.features import features
from ros_animate.policy.learned import LearnedOptions, LearnedPolicy
from ros_animate.types import Frame, Motion


class MotionMlp(LearnedPolicy):
    """Blendshapes and head angles to the next waypoints."""

    @dataclass(frozen=True)
    class Config(LearnedOptions):
        """Options of the policy."""

    observes: Literal['motion', 'image'] = 'motion'
    family = 'motion_mlp'
    network_name = 'policy'

    def _predict(self, observation: Motion | Frame) -> Tensor:
        if not isinstance(observation, Motion):
            raise TypeError('the policy motion_mlp observes motion, not images')
        vector = features(observation, self._spec.rig.get('baseline'))
        return self._forward(torch.from_numpy(vector).to(self.device)[None])


PLUGIN = MotionMlp
