"""Base of the training objectives: terms that compare images, and the adversarial terms."""
from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ros_animate.networks.fomm.equivariance import Deformation
from ros_animate.training.animation import losses
from ros_animate.training.animation.landmark_sets import EXPRESSIVE, GUIDE
from ros_animate.training.animation.options import AnimationOptions
from ros_animate.training.animation.output import AnimationOutput
from ros_animate.training.animation.pairs import PairBatch
from ros_animate.training.animation.perceptual_features import ImagePyramid

Terms = dict[str, Tensor]
_EMPHASIS_SIDE = 64


class UncastInput:
    """Arguments of a module that Fabric passes on unchanged.

    It would round all tensors to bf16: images, and positions too.
    """

    def __init__(self, *content: Any) -> None:
        self.content = content


class TrainingObjective(nn.Module, abc.ABC):
    """Networks of a family and the loss that they are trained by.

    One `forward` computes all terms, so that DDP averages their gradients over the processes. The
    discriminator is not a submodule: see `DiscriminatorObjective`.

    Args:
        networks: Networks by name: those in `trained` and `frozen_names`, and the discriminator.
        options: Options of the training.
        features: Perceptual features by which images are compared.

    Attributes:
        Options: Class of the training options.
        trained: Names of the networks that are trained together.
        frozen_names: Names of further networks that are kept as they are.
        hinge: True if the adversarial losses are hinge losses, False for least squares.
        condition_type: Type of the discriminator's second input; None if it has none.
        warps: True if batches must hold the source warped to the target.
        guided_points: Largest number of keypoints that are held to landmarks.
        networks: The trained networks.
        frozen_networks: The frozen networks by name; they are not submodules.
    """

    Options: ClassVar[type[AnimationOptions]]
    trained: ClassVar[tuple[str, ...]]
    frozen_names: ClassVar[tuple[str, ...]] = ()
    hinge: ClassVar[bool] = False
    condition_type: ClassVar[Callable[..., Any] | None] = None
    warps: ClassVar[bool] = False
    guided_points: ClassVar[int] = len(GUIDE)

    def __init__(self, networks: dict[str, nn.Module], options: Any, features: nn.Module) -> None:
        super().__init__()
        self.networks = Networks({name: networks[name] for name in self.trained})
        self.frozen_networks = {name: networks[name].eval().requires_grad_(False)
                                for name in self.frozen_names}
        self.options, self.features = options, features
        self.pyramid = ImagePyramid(options.scales)
        discriminator = networks.get('discriminator') if options.gan else None
        self._discriminator = (discriminator,)  # a tuple hides it from torch

    @property
    def needs_labels(self) -> bool:
        """True if batches without labels must get pseudo-labels first."""
        return bool(self.options.guide or self.options.emphasis)

    @property
    def discriminator(self) -> nn.Module | None:
        """The discriminator; None without an adversarial loss."""
        return self._discriminator[0]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms that `forward` returns, in order."""
        options = self.options
        names = [*(('perceptual',) if options.perceptual else ()),
                 *(('gan', 'feature_matching') if self.discriminator is not None else ()),
                 *(('guide',) if options.guide else ())]
        return (*names, *self.own_terms)

    @property
    def own_terms(self) -> tuple[str, ...]:
        """Names of the terms of this family alone."""
        return ()

    @abc.abstractmethod
    def animate(self, batch: PairBatch, networks: Networks | None = None) -> AnimationOutput:
        """The source in the driving pose.

        Args:
            batch: Pairs.
            networks: Networks to use in the place of the objective's own.
        """

    def forward(self, wrapped: UncastInput) -> tuple[Terms, AnimationOutput]:
        """`compute_terms` with the arguments in `wrapped`."""
        return self.compute_terms(*wrapped.content)

    @abc.abstractmethod
    def compute_terms(self, batch: PairBatch,
                      random: torch.Generator) -> tuple[Terms, AnimationOutput]:
        """Weighted terms, whose sum is the loss, and the networks' output."""

    def image_terms(self, output: AnimationOutput, batch: PairBatch) -> Terms:
        """Terms that every family has: perceptual, adversarial, guide."""
        terms = {}
        if self.options.perceptual:
            terms['perceptual'] = self.options.perceptual * losses.perceptual(
                self.features, self.pyramid(output.prediction), self.pyramid(batch.target),
                self.emphasis(batch))
        if self.discriminator is not None:
            terms |= self.adversarial_terms(output, batch)
        if self.options.guide and batch.driving_labels is not None:
            terms['guide'] = self.options.guide * self.guide_loss(output, batch)
        return terms

    def emphasis(self, batch: PairBatch) -> Tensor | None:
        """Weight (B, 1, h, w) of each place of the target; None for equal weights."""
        if not self.options.emphasis or batch.driving_labels is None:
            return None
        points = batch.driving_labels.landmarks[:, EXPRESSIVE]
        return losses.landmark_emphasis(points, _EMPHASIS_SIDE, self.options.emphasis)

    def adversarial_terms(self, output: AnimationOutput, batch: PairBatch) -> Terms:
        """The generator's adversarial loss and feature matching."""
        assert self.discriminator is not None
        condition = self.condition_type and self.condition_type(*output.condition)
        with torch.no_grad():
            true_maps, _ = discriminate(self.discriminator, batch.target, condition)
        maps, scores = discriminate(self.discriminator, output.prediction, condition)
        loss = losses.hinge_generator if self.hinge else losses.least_squares_generator
        return {'gan': self.options.gan * loss(scores),
                'feature_matching': losses.feature_matching(
                    self.matched_maps(output.prediction, maps),
                    self.matched_maps(batch.target, true_maps), self.options.feature_matching)}

    def matched_maps(self, image: Tensor, maps: list[Tensor]) -> list[Tensor]:
        """Maps that feature matching compares, of an image and the discriminator's maps."""
        return maps

    def guide_loss(self, output: AnimationOutput, batch: PairBatch) -> Tensor:
        """Wing loss between the first keypoints and the landmarks GUIDE."""
        total = output.prediction.new_zeros(())
        for points, labels in ((output.source_points, batch.source_labels),
                               (output.driving_points, batch.driving_labels)):
            assert labels is not None
            count = min(points.shape[1], self.guided_points, len(GUIDE))
            target = labels.landmarks[:, GUIDE[:count]]
            total = total + losses.wing(losses.zero_if_unknown(points[:, :count] - target))
        return total / 2


class DiscriminatorObjective(nn.Module):
    """The discriminator of an objective and the loss that it is trained by."""

    def __init__(self, objective: TrainingObjective) -> None:
        super().__init__()
        assert objective.discriminator is not None
        self.discriminator = objective.discriminator
        self._condition_type = objective.condition_type
        self._loss = (losses.hinge_discriminator if objective.hinge
                      else losses.least_squares_discriminator)

    def forward(self, wrapped: UncastInput) -> Tensor:
        """Loss of the wrapped target image (B, 3, S, S) and AnimationOutput."""
        target, output = wrapped.content
        condition = self._condition_type and self._condition_type(*output.condition)
        _, true = discriminate(self.discriminator, target, condition)
        _, fake = discriminate(self.discriminator, output.prediction.detach(), condition)
        return self._loss(fake, true)


def discriminate(discriminator: nn.Module, image: Tensor,
                 condition: Any) -> tuple[list[Tensor], Tensor]:
    """Maps and scores of an image; `condition` is None for discriminators without it."""
    return discriminator(image) if condition is None else discriminator(image, condition)


class Networks(nn.Module):
    """Networks by name; names may have dots, which torch's own container refuses."""

    def __init__(self, networks: dict[str, nn.Module]) -> None:
        super().__init__()
        for name, network in networks.items():
            self.add_module(name.replace('.', '__'), network)
        self.names = tuple(networks)

    def __getitem__(self, name: str) -> Any:
        return self.get_submodule(name.replace('.', '__'))

    def states(self) -> dict[str, dict[str, Tensor]]:
        """State dicts by name."""
        return {name: self[name].state_dict() for name in self.names}


def random_deformation(batch: PairBatch, options: AnimationOptions,
                       random: torch.Generator) -> Deformation:
    """A random deformation for each pair, on the batch's device."""
    drawn = Deformation.random(len(batch.source), options.sigma_affine, options.sigma_spline,
                               options.spline_points, random)
    device = batch.source.device
    return Deformation(drawn.affine.to(device), drawn.weights.to(device))
