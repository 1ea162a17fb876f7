"""Where pairs come from."""
from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ros_animate.configuration import option
from ros_animate.training.animation.pairs import Clip
from ros_animate.types import Array, Image

Split = Literal['train', 'held_out']


@dataclass(frozen=True)
class DataOptions:
    """What pairs are like; `--set` changes it."""

    data_seed: int = option(0, 'of the synthetic faces and of the order of all pairs', low=0,
                            high=2 ** 32 - 1)
    weights: tuple[float, ...] = option((), 'part of each data set in a batch; empty: all alike')
    identities: int = option(4000, 'synthetic people that are rendered for training', low=2)
    frames: int = option(8, 'pictures of each', low=2)
    cross: float = option(0.5, 'part of the synthetic pairs in which another person shows the '
                               'pose: keypoints must then say nothing about who it is; 0: as in '
                               'the papers', low=0.0, high=1.0)
    cache: str = option('', 'folder that keeps the rendered faces for the next start; empty: they '
                            'are kept in memory alone')
    workers: int = option(0, 'processes that render; 0: one for each core', low=0)
    held_out_share: float = option(0.1, 'part of the clips of a folder that is never trained on, '
                                        'where there is no sub-folder test', low=0.0, high=0.5)
    clip_frames: int = option(300, 'a clip with more frames than this is thinned out, to this '
                                   'many at least', low=2)
    memory_gb: float = option(4.0, 'decoded clips of a folder are kept as far as they need no '
                                   'more', low=0.0)
    face_crop: bool = option(False, 'see the square around the face of a clip, as the animators '
                                    'do, not the middle of its pictures')
    time_flip: bool = option(True, 'half of the pairs run backwards (folders)')
    mirror: bool = option(True, 'half of the others are mirrored (folders)')
    zoom: float = option(0.0, 'most change of size, of the part that is seen (folders; actions, '
                              'mgif: 0.1)', low=0.0, high=0.5)
    turn_deg: float = option(0.0, 'most turn (folders; actions: 10)', low=0.0, high=45.0)
    colour: float = option(0.1, 'jitter of brightness, contrast and saturation of a pair',
                           low=0.0, high=1.0)
    hue: float = option(0.1, 'most turn of its colours, of a whole turn', low=0.0, high=0.5)
    driving_colour: float = option(0.25, 'such jitter of what the keypoint detector sees alone',
                                   low=0.0, high=1.0)
    driving_blur: float = option(0.4, 'part of those pictures that are blurred', low=0.0,
                                 high=1.0)
    driving_jpeg: float = option(0.3, 'part of them with the blocks of a JPEG', low=0.0, high=1.0)
    driving_noise: float = option(0.03, 'most standard deviation of their noise, of white',
                                  low=0.0)


class Drawn(NamedTuple):
    """Pairs as they come from a source.

    Attributes:
        source: (B, S, S, 3) uint8 RGB, as the next two.
        driving: What moves it.
        target: What shall come out.
        crossed: (B,) whether `driving` shows another person than `target`.
        labels: Of source and target, (B, 2, …) landmarks, angles, expression; None without.
    """

    source: Image
    driving: Image
    target: Image
    crossed: NDArray[np.bool_]
    labels: tuple[Array, Array, Array] | None


class Source(abc.ABC):
    """Clips of one kind.

    Attributes:
        skipped: What of it turned out to be of no use, and why.
    """

    skipped: Sequence[str] = ()

    @abc.abstractmethod
    def draw(self, rngs: Sequence[np.random.Generator]) -> Drawn:
        """Pairs for training, one for each random stream, as a function of it alone."""

    @abc.abstractmethod
    def held_out(self, count: int) -> Drawn:
        """At most `count` pairs of clips that `draw` never shows, always the same."""

    @abc.abstractmethod
    def clips(self, split: Split) -> Iterator[Clip]:
        """Whole clips, always in the same order."""
