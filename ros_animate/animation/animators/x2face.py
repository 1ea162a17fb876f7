"""A portrait animated by X2Face."""
from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ros_animate.animation.neural import AnimatorOptions, NeuralAnimator
from ros_animate.animation.relative_motion import relative_latent
from ros_animate.face.framing import TIGHT
from ros_animate.inference.conversions import x2face
from ros_animate.networks.x2face import DRIVING, EMBEDDING
from ros_animate.types import Array, Motion


class X2Face(NeuralAnimator):
    """X2Face (ECCV 2018): an embedded face, sampled where the driving vector says."""

    @dataclass(frozen=True)
    class Config(AnimatorOptions):
        """Options of the animator."""

    extractor = family = x2face.MODEL
    network_names = (EMBEDDING, DRIVING)
    framing = TIGHT

    def _encode(self, image: Tensor, landmarks: Array | None) -> Motion:
        self._face = self.networks[EMBEDDING].embed(image)
        return x2face.to_motion(self.networks[DRIVING].encode(image), 0.0)

    def _render(self, motion: Motion) -> Tensor:
        vector = x2face.to_vector(self._transfer(motion), self.device)
        return self.networks[DRIVING].render(self._face, vector)

    def _transfer(self, motion: Motion) -> Motion:
        """The source's motion for the driving `motion`."""
        if not self.config.relative:
            return motion
        assert self.source is not None and self._reference is not None
        return relative_latent(self.source, motion, self._reference)


PLUGIN = X2Face
