"""Animation methods: an animator plug-in with its extractor, and the source image repeated."""
from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ros_animate import plugins
from ros_animate.animation.base import Animator, SourceImageError
from ros_animate.animation.neural import NeuralAnimator
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.animation.tasks import Task, resized
from ros_animate.motion.base import Extractor
from ros_animate.types import Array, Frame

REPEATED_SOURCE = 'source repeated'
FRAME_S = 1 / 25
# For animators that have these options. Both sides are square crops already, and every pixel is
# compared.
_WHOLE_IMAGE = {'crop': False, 'paste_back': False, 'margin': 0.0}
# A reconstructed face must not move more than it does.
_UNIT_GAINS = {'brows': 1.0, 'mouth': 1.0, 'pose': 1.0, 'translation': 1.0}


@dataclass(frozen=True)
class AnimatedClip:
    """Result of a task.

    Attributes:
        frames: (T, S, S, 3), one for each driving frame.
        seconds: Time of each computed frame: extraction and animation.
    """

    frames: Frames
    seconds: Array


class AnimationMethod(Protocol):
    """Animates a source with driving frames.

    Attributes:
        name: Name of the method in tables.
    """

    name: str

    def animate(self, task: Task) -> AnimatedClip | None:
        """The animation; None if the source cannot be animated."""

    def close(self) -> None: ...


class RepeatedSource:
    """Repeats the source: the baseline of every animator."""

    name = REPEATED_SOURCE

    def animate(self, task: Task) -> AnimatedClip:
        frames = np.broadcast_to(task.source, (len(task.driving), *task.source.shape))
        return AnimatedClip(frames, np.empty(0))

    def close(self) -> None: ...


class AnimatorMethod:
    """An animator plug-in; motion is relative to the first driving frame.

    In reconstruction that frame is the source, so that relative motion is absolute motion. A frame
    in which the extractor finds no motion repeats the image before.
    """

    def __init__(self, model: str, options: Mapping[str, Any], size: int | None = None,
                 reconstructs: bool = True) -> None:
        """Loads the plug-in.

        Args:
            model: Name of the animator.
            options: Options of the animator; its extractor shares those that it has too.
            size: Side of the generated images, for an animator without a size of its own.
            reconstructs: True if the source is the driving face.
        """
        self.name = model
        fields = {f.name for f in dataclasses.fields(
            plugins.find('animation', model).Config)}  # type: ignore[attr-defined]
        defaults = {**_WHOLE_IMAGE, **(_UNIT_GAINS if reconstructs else {}),
                    **({'size': size} if size else {})}
        values = {**{k: v for k, v in defaults.items() if k in fields}, **options}
        self._animator: Animator = plugins.load('animation', model, values)
        self._extractor: Extractor = plugins.load_shared('motion', self._animator.extractor, values)

    @property
    def size(self) -> int | None:
        """Side of the network's input images; None for an animator without a network."""
        if isinstance(self._animator, NeuralAnimator):
            return int(self._animator.network_config.image_size)
        return None

    def animate(self, task: Task) -> AnimatedClip | None:
        self._animator.reset()
        self._extractor.reset()
        try:
            self._animator.set_source(task.source)
        except SourceImageError:
            return None
        frames, seconds, calibrated = [task.source], [], False
        for index, image in enumerate(task.driving):
            start_s = time.perf_counter()
            motion = self._extractor.extract(Frame(image, FRAME_S * index))
            if motion is None:
                frames.append(frames[-1])
                continue
            if not calibrated:
                self._animator.calibrate(motion)
                calibrated = True
            animated = self._animator.animate(motion).image
            seconds.append(time.perf_counter() - start_s)
            frames.append(resized(animated, len(task.source)))
        return AnimatedClip(np.stack(frames[1:]), np.array(seconds))

    def close(self) -> None:
        self._extractor.close()
