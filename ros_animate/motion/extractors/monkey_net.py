"""Keypoints with covariances, by Monkey-Net."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.inference.conversions import monkey_net
from ros_animate.motion.neural import KeypointExtractor, NeuralOptions


class MonkeyNet(KeypointExtractor):
    """Learned keypoints and covariances of the face, or of any object without `crop`."""

    @dataclass(frozen=True)
    class Config(NeuralOptions):
        """Options of the extractor."""

    family = monkey_net.MODEL
    conversion = monkey_net


PLUGIN = MonkeyNet
