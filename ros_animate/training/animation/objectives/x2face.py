"""Training objective of X2Face: photometric loss, and identity where features of faces are given.

Section 3 of its paper. Both networks learn from the images alone: what is sampled must be the
driving frame of the same person.
"""
from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.configuration import ConfigurationError
from ros_animate.networks.sampling import warp
from ros_animate.networks.x2face import DRIVING, EMBEDDING, Embedding
from ros_animate.training.animation import losses
from ros_animate.training.animation.objectives.base import Networks, Terms, TrainingObjective
from ros_animate.training.animation.options import X2FaceOptions
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch

_MISSING = {'gan': 'discriminator', 'guide': 'keypoints'}


class _Animation(NamedTuple):
    """The networks' output, the embedded face (B, 3, S, S), and the driving vectors (B, D)."""

    output: AnimationOutput
    face: Tensor
    vector: Tensor


class X2FaceObjective(TrainingObjective):
    """L1 to the driving frame; the identity of the source when somebody else drives it."""

    Options = X2FaceOptions
    trained = (EMBEDDING, DRIVING)
    options: X2FaceOptions

    def __init__(self, networks: dict[str, nn.Module], options: Any, features: nn.Module) -> None:
        for name, part in _MISSING.items():
            if getattr(options, name):
                raise ConfigurationError(f'--set {name}={getattr(options, name):g}: X2Face has no '
                                         f'{part}; leave {name} at 0')
        if options.face_id and options.tower == 'structure':
            raise ConfigurationError('--set face_id: needs perceptual features of faces: --set '
                                     'tower=bc_z, or vgg19 with weights')
        super().__init__(networks, options, features)

    @property
    def own_terms(self) -> tuple[str, ...]:
        return ('photometric', *(('face_id',) if self.options.face_id else ()))

    def animate(self, batch: PairBatch, networks: Networks | None = None) -> AnimationOutput:
        return self._animate(batch, networks or self.networks).output

    def compute_terms(self, batch: PairBatch,
                      random: torch.Generator) -> tuple[Terms, AnimationOutput]:
        output, face, vector = self._animate(batch, self.networks)
        distance = losses.weighted_l1(output.prediction, batch.target, self.emphasis(batch))
        terms = self.image_terms(output, batch)
        terms['photometric'] = self.options.photometric * distance
        if self.options.face_id:
            terms['face_id'] = self.options.face_id * self._identity(batch.source, face, vector)
        return terms, output

    def _animate(self, batch: PairBatch, networks: Networks) -> _Animation:
        embedder, driver = networks[EMBEDDING], networks[DRIVING]
        embedding: Embedding = embedder(batch.source)
        face = embedder.combine([batch.source], [embedding])
        vector = driver.encode(batch.driving)
        positions = driver.positions(vector)
        prediction = warp(face, positions, driver.align_corners)
        flow = warp(embedding.positions.permute(0, 3, 1, 2), positions, driver.align_corners)
        nowhere = positions.new_zeros(len(positions), 0, 2)  # it has no keypoints
        output = AnimationOutput(prediction, nowhere, nowhere, flow.permute(0, 2, 3, 1))
        return _Animation(output, face, vector)

    def _identity(self, source: Tensor, face: Tensor, vector: Tensor) -> Tensor:
        """1 - cosine of the features of the sources and of what other pairs' frames make of them.

        The last perceptual features are averaged over the image, as pose and expression differ.
        """
        driven = self.networks[DRIVING].render(face, vector.roll(1, dims=0))
        pooled = [self.features(image)[-1].float().mean(dim=(2, 3)) for image in (driven, source)]
        return (1 - functional.cosine_similarity(*pooled)).mean()


OBJECTIVE = X2FaceObjective
