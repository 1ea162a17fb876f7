"""Results of an evaluation of animation methods."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ros_animate.types import Image


@dataclass(frozen=True)
class Sample:
    """One moment of a task.

    Attributes:
        name: Name of the task.
        source: (S, S, 3).
        driving: (S, S, 3) the driving frame.
        truth: (S, S, 3) the expected frame; None if it is unknown or the driving frame.
        generated: (S, S, 3) each, by method.
    """

    name: str
    source: Image
    driving: Image
    truth: Image | None
    generated: Mapping[str, Image]


@dataclass(frozen=True)
class MethodFigures:
    """Figures of one animation method.

    Attributes:
        name: Name of the method.
        values: Value by measure, None if it is not defined or could not be measured.
        clips: Values of each clip, by its name.
        refused: Number of clips whose source the method could not animate.
    """

    name: str
    values: Mapping[str, float | None]
    clips: Mapping[str, Mapping[str, float | None]]
    refused: int


@dataclass(frozen=True)
class Evaluation:
    """Figures and samples of all methods on the same clips.

    Attributes:
        methods: Figures of each method.
        samples: Samples of the first clips.
        size: Side of the frames in pixels, the unit of AKD and jitter.
        clips: Number of clips.
        frames: Number of frames of all clips.
        faceless: Number of true frames in which no face is found.
        strangers: Mean distance between the embeddings of different clips' first faces, for
            comparison with AED; None for a single clip.
        jitter: Jitter of the true clips.
    """

    methods: Sequence[MethodFigures]
    samples: Sequence[Sample]
    size: int
    clips: int
    frames: int
    faceless: int
    strangers: float | None
    jitter: float | None

    def of(self, name: str) -> Mapping[str, float | None]:
        """The values of one method."""
        return next(method.values for method in self.methods if method.name == name)

    def figures(self) -> dict[str, Any]:
        """The evaluation as JSON data."""
        return {'size': self.size, 'clips': self.clips, 'frames': self.frames,
                'faceless': self.faceless, 'strangers': self.strangers, 'jitter': self.jitter,
                'performers': {method.name: {**method.values, 'refused': method.refused,
                                             'clips': method.clips} for method in self.methods}}
