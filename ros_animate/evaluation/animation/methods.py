"""Who animates: an animator plug-in with the extractor that it understands, or nobody."""
from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ros_animate import plugins
from ros_animate.animation.base import SourceImageError
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.animation.tasks import Task, resized
from ros_animate.types import Array, Frame

STILL = 'source repeated'
FRAME_S = 1 / 25
# For animators that have these options. Both sides are squares already, and every pixel counts;
# and a face that is to be reconstructed is not to do more than it does.
_WHOLE = {'crop': False, 'paste_back': False, 'margin': 0.0}
_TRUE_GAINS = {'brows': 1.0, 'mouth': 1.0, 'pose': 1.0, 'translation': 1.0}


@dataclass(frozen=True)
class Performance:
    """What came of a task.

    Attributes:
        frames: (T, S, S, 3), one for each driving frame.
        seconds: That each computed one took, motion and picture.
    """

    frames: Frames
    seconds: Array


class Performer(Protocol):
    """Animates; `name` is what tables call it."""

    name: str

    def perform(self, task: Task) -> Performance | None:
        """The animation; None if the source cannot be animated."""

    def close(self) -> None: ...


class StillPerformer:
    """Repeats the source: what any animator must beat."""

    name = STILL

    def perform(self, task: Task) -> Performance:
        frames = np.broadcast_to(task.source, (len(task.driving), *task.source.shape))
        return Performance(frames, np.empty(0))

    def close(self) -> None: ...


class AnimatorPerformer:
    """An animator plug-in; motion is relative to the first driving frame.

    In reconstruction that frame is the source, so that relative motion is absolute motion. A frame
    in which the extractor finds no motion repeats the picture before.
    """

    def __init__(self, model: str, options: Mapping[str, Any], size: int | None = None,
                 reconstructs: bool = True) -> None:
        """Loads the plug-in.

        Args:
            model: Name of the animator.
            options: Of the animator; those that its extractor has too are for both.
            size: Of the made pictures, for an animator that has no size of its own.
            reconstructs: The source is the driving face.
        """
        self.name = model
        fields = {f.name for f in dataclasses.fields(
            plugins.find('animation', model).Config)}  # type: ignore[attr-defined]
        wanted = {**_WHOLE, **(_TRUE_GAINS if reconstructs else {}),
                  **({'size': size} if size else {})}
        chosen = {**{k: v for k, v in wanted.items() if k in fields}, **options}
        self._animator = plugins.load('animation', model, chosen)
        self._extractor = plugins.load_shared('motion', self._animator.extractor, chosen)

    @property
    def size(self) -> int | None:
        """Side of the pictures that the network sees; None for one without a network."""
        return getattr(getattr(self._animator, 'model', None), 'image_size', None)

    def perform(self, task: Task) -> Performance | None:
        self._animator.reset()
        self._extractor.reset()
        try:
            self._animator.set_source(task.source)
        except SourceImageError:
            return None
        made, seconds, calibrated = [task.source], [], False
        for index, image in enumerate(task.driving):
            start_s = time.perf_counter()
            motion = self._extractor.extract(Frame(image, FRAME_S * index))
            if motion is None:
                made.append(made[-1])
                continue
            if not calibrated:
                self._animator.calibrate(motion)
                calibrated = True
            picture = self._animator.animate(motion).image
            seconds.append(time.perf_counter() - start_s)
            made.append(resized(picture, len(task.source)))
        return Performance(np.stack(made[1:]), np.array(seconds))

    def close(self) -> None:
        self._extractor.close()
