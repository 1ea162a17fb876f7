"""What all families share: comparing pictures, the discriminator's part."""
from __future__ import annotations

import abc
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from ros_animate.networks.fomm.equivariance import Deformation
from ros_animate.training.animation import losses
from ros_animate.training.animation.landmark_sets import EXPRESSIVE, GUIDE
from ros_animate.training.animation.pairs import PairBatch
from ros_animate.training.animation.perceptual_features import Pyramid

Terms = dict[str, Tensor]
_EMPHASIS_SIDE = 64


class Made(NamedTuple):
    """What came out for a batch.

    Attributes:
        prediction: (B, 3, S, S) in [0, 1].
        source_points: (B, K, 2) keypoints, xy in [-1, 1].
        driving_points: The same of the driving picture.
        flow: (B, h, w, 2) where in the source each place comes from, in [-1, 1].
        occlusion: (B, 1, h, w), None for networks without.
        keypoints: What the discriminator sees of the driving picture besides; the parts of the
            family's `Keypoints`, or nothing.
    """

    prediction: Tensor
    source_points: Tensor
    driving_points: Tensor
    flow: Tensor
    occlusion: Tensor | None = None
    keypoints: tuple[Tensor, ...] = ()


class Sealed:
    """Arguments of a module that Fabric hands on as they are.

    It would round all tensors to bf16: pictures, and positions too.
    """

    def __init__(self, *content: Any) -> None:
        self.content = content


class Learner(nn.Module, abc.ABC):
    """The networks of a family, and what training makes small.

    One `forward` holds all terms, so that gradients of several processes are gathered. The
    discriminator is not a part of it: see `Judge`.

    Args:
        networks: By name; those in `trained`, and the discriminator.
        options: Of the training.
        tower: What pictures are compared by.

    Attributes:
        trained: Names of the networks that learn together.
        hinge: The adversary's losses are hinges, not squares.
        keypoints_type: Of the discriminator's second input; None for a family without.
        guided_points: How many keypoints are held to landmarks at most.
        frozen: Networks that the weights hold besides, as they are.
    """

    trained: ClassVar[tuple[str, ...]]
    hinge: ClassVar[bool] = False
    keypoints_type: ClassVar[Any] = None
    guided_points: ClassVar[int] = len(GUIDE)
    frozen: ClassVar[tuple[str, ...]] = ()

    def __init__(self, networks: dict[str, Any], options: Any, tower: nn.Module) -> None:
        super().__init__()
        self.networks = Networks({name: networks[name] for name in self.trained})
        self.still = [(name, networks[name].eval().requires_grad_(False)) for name in self.frozen]
        self.options, self.tower = options, tower
        self.pyramid = Pyramid(options.scales)
        judge = networks.get('discriminator') if options.gan else None
        self._judge: list[Any] = [] if judge is None else [judge]  # a list hides it from torch

    @classmethod
    def for_options(cls, options: Any) -> Any:
        """The learner that the options mean."""
        return cls

    @property
    def wants_labels(self) -> bool:
        """Whether batches without labels need some first."""
        return bool(self.options.guide or self.options.emphasis)

    @property
    def judge(self) -> Any | None:
        """The discriminator, if the options want one."""
        return self._judge[0] if self._judge else None

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms that `forward` gives, in order."""
        options = self.options
        names = [*(('perceptual',) if options.perceptual else ()),
                 *(('gan', 'feature_matching') if self.judge is not None else ()),
                 *(('guide',) if options.guide else ())]
        return (*names, *self.own_terms)

    @property
    def own_terms(self) -> tuple[str, ...]:
        """Names of the family's own terms."""
        return ()

    @abc.abstractmethod
    def animate(self, batch: PairBatch, networks: Any = None) -> Made:
        """The source in the driving pose, by `networks` in the place of the own ones."""

    def forward(self, sealed: Sealed) -> tuple[Terms, Made]:
        """`learn` of the arguments in `sealed`."""
        return self.learn(*sealed.content)

    @abc.abstractmethod
    def learn(self, batch: PairBatch, random: torch.Generator) -> tuple[Terms, Made]:
        """Weighted terms, whose sum is the loss, and what was made."""

    def compared(self, made: Made, batch: PairBatch) -> Terms:
        """The terms of the pictures."""
        terms = {}
        if self.options.perceptual:
            terms['perceptual'] = self.options.perceptual * losses.perceptual(
                self.tower, self.pyramid(made.prediction), self.pyramid(batch.target),
                self.emphasis(batch))
        if self.judge is not None:
            terms |= self.judged(made, batch)
        if self.options.guide and batch.driving_labels is not None:
            terms['guide'] = self.options.guide * self.guided(made, batch)
        return terms

    def emphasis(self, batch: PairBatch) -> Tensor | None:
        """How much each place of the target counts."""
        if not self.options.emphasis or batch.driving_labels is None:
            return None
        places = batch.driving_labels.landmarks[:, EXPRESSIVE]
        return losses.landmark_emphasis(places, _EMPHASIS_SIDE, self.options.emphasis)

    def judged(self, made: Made, batch: PairBatch) -> Terms:
        """The discriminator's terms; it stays as it is."""
        judge: Any = self.judge
        seen = self.keypoints_type and self.keypoints_type(*made.keypoints)
        with torch.no_grad():
            true, _ = look(judge, batch.target, seen)
        maps, scores = look(judge, made.prediction, seen)
        fooling = losses.hinge_fooling if self.hinge else losses.least_squares_fooling
        return {'gan': self.options.gan * fooling(scores),
                'feature_matching': losses.feature_matching(
                    self.matched(made.prediction, maps), self.matched(batch.target, true),
                    self.options.feature_matching)}

    def matched(self, image: Tensor, maps: list[Tensor]) -> list[Tensor]:
        """What features are matched of."""
        return maps

    def guided(self, made: Made, batch: PairBatch) -> Tensor:
        """Wing loss of the first keypoints and the landmarks GUIDE, as many as there are."""
        total = made.prediction.new_zeros(())
        for points, labels in ((made.source_points, batch.source_labels),
                               (made.driving_points, batch.driving_labels)):
            assert labels is not None
            wanted = labels.landmarks[:, GUIDE[:min(points.shape[1], self.guided_points)]]
            total = total + losses.wing(losses.known(points[:, :wanted.shape[1]] - wanted))
        return total / 2


class Judge(nn.Module):
    """A learner's discriminator and what it learns by."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        self.discriminator: Any = learner.judge
        self._keypoints_type = learner.keypoints_type
        self._judging = losses.hinge_judging if learner.hinge else losses.least_squares_judging

    def forward(self, sealed: Sealed) -> Tensor:
        """The loss, of the true picture (B, 3, S, S) and what was `Made`."""
        target, made = sealed.content
        seen = self._keypoints_type and self._keypoints_type(*made.keypoints)
        _, true = look(self.discriminator, target, seen)
        _, fake = look(self.discriminator, made.prediction.detach(), seen)
        return self._judging(fake, true)


def look(discriminator: nn.Module, image: Tensor, keypoints: Any) -> tuple[list[Tensor], Tensor]:
    """Maps and scores; `keypoints` is None for discriminators that do not see them."""
    return discriminator(image) if keypoints is None else discriminator(image, keypoints)


class Networks(nn.Module):
    """Networks by name; names may have dots, which torch's own container refuses."""

    def __init__(self, networks: dict[str, nn.Module]) -> None:
        super().__init__()
        for name, network in networks.items():
            self.add_module(name.replace('.', '__'), network)
        self.names = tuple(networks)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name.replace('.', '__'))

    def states(self) -> dict[str, dict[str, Tensor]]:
        """State dicts by name."""
        return {name: self[name].state_dict() for name in self.names}


def random_deformation(batch: PairBatch, options: Any, random: torch.Generator) -> Deformation:
    """One per pair, on its device."""
    made = Deformation.random(len(batch.source), options.sigma_affine, options.sigma_spline,
                              options.spline_points, random)
    device = batch.source.device
    return Deformation(made.affine.to(device), made.weights.to(device))
