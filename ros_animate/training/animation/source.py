"""Sources of training pairs, and the options of the data."""
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
    """Options of the data, which `--set` changes."""

    data_seed: int = option(0, 'seed of the synthetic faces and of the order of all pairs', low=0,
                            high=2 ** 32 - 1)
    weights: tuple[float, ...] = option((), 'share of each data set in a batch; empty: equal '
                                            'shares')
    identities: int = option(4000, 'synthetic people that are rendered for training', low=2)
    frames: int = option(8, 'images of each of them', low=2)
    cross: float = option(0.5, 'part of the synthetic pairs in which another person shows the '
                               'pose: keypoints must then not depend on the person; 0: as in the '
                               'papers', low=0.0, high=1.0)
    cache: str = option('', 'folder that keeps the rendered faces for the next run; empty: they '
                            'are kept in memory alone')
    workers: int = option(0, 'rendering processes; 0: one for each core', low=0)
    held_out_share: float = option(0.1, 'part of the clips of a folder that is never trained on, '
                                        'where there is no sub-folder test', low=0.0, high=0.5)
    clip_frames: int = option(300, 'a clip with more frames than this is thinned out, to this '
                                   'many at least', low=2)
    memory_gb: float = option(4.0, 'decoded clips of a folder are kept as far as they need no '
                                   'more', low=0.0)
    stream_mb: float = option(256.0, 'content of shards at an address (http, s3) that is kept in '
                                     'memory', low=0.0)
    retry_s: float = option(120.0, 'longest wait for a server that fails', low=0.0)
    face_crop: bool = option(False, 'crop the square around the face of a clip, as the animators '
                                    'do, not the middle of its images')
    time_flip: bool = option(True, 'half of the pairs run backwards (folders)')
    mirror: bool = option(True, 'half of the others are mirrored (folders)')
    zoom: float = option(0.0, 'largest change of size (folders; actions, mgif: 0.1)', low=0.0,
                         high=0.5)
    turn_deg: float = option(0.0, 'largest rotation (folders; actions: 10)', low=0.0, high=45.0)
    colour: float = option(0.1, 'jitter of brightness, contrast and saturation of a pair',
                           low=0.0, high=1.0)
    hue: float = option(0.1, 'largest rotation of its hue, as a part of a whole turn', low=0.0,
                        high=0.5)
    driving_colour: float = option(0.25, "such jitter of the keypoint detector's input alone",
                                   low=0.0, high=1.0)
    driving_blur: float = option(0.4, 'part of those images that are blurred', low=0.0,
                                 high=1.0)
    driving_jpeg: float = option(0.3, 'part of them with artefacts of JPEG', low=0.0, high=1.0)
    driving_noise: float = option(0.03, 'largest standard deviation of their noise, white is 1',
                                  low=0.0)


class DrawnPairs(NamedTuple):
    """Pairs as arrays, before augmentation of their colours.

    Attributes:
        source: (B, S, S, 3) uint8 RGB.
        driving: (B, S, S, 3) frame whose motion is transferred.
        target: (B, S, S, 3) desired output.
        crossed: (B,) True if `driving` shows another person than `target`.
        labels: Landmarks, angles and expression of source and target, (B, 2, …) each; None without
            labels.
    """

    source: Image
    driving: Image
    target: Image
    crossed: NDArray[np.bool_]
    labels: tuple[Array, Array, Array] | None


class PairSource(abc.ABC):
    """A data set of clips.

    Attributes:
        skipped: Clips that turned out to be unusable so far, with the reasons.
    """

    skipped: Sequence[str] = ()

    @abc.abstractmethod
    def draw(self, rngs: Sequence[np.random.Generator]) -> DrawnPairs:
        """Pairs for training, one for each random stream, as a function of it alone."""

    @abc.abstractmethod
    def held_out(self, count: int) -> DrawnPairs:
        """At most `count` pairs of clips that `draw` never returns; always the same."""

    @abc.abstractmethod
    def clips(self, split: Split) -> Iterator[Clip]:
        """Whole clips, always in the same order."""
