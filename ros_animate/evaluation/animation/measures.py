"""All measures of one clip, and the rounding of figures."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ros_animate.evaluation import fidelity
from ros_animate.evaluation.animation import distances
from ros_animate.evaluation.animation.distances import Frames
from ros_animate.evaluation.animation.features import (
    Features,
    image_statistics,
    video_statistics,
)
from ros_animate.evaluation.animation.frechet import frechet_distance
from ros_animate.evaluation.animation.identity import FaceTexture, Identity
from ros_animate.evaluation.animation.tasks import Task
from ros_animate.evaluation.fidelity import Track
from ros_animate.types import Array

FrameDistance = Callable[[Frames, Frames], Array]  # generated, true: (T,)
BY_FRAME = ('l1', 'lpips', 'akd', 'mkr', 'aed', 'pose_deg', 'jitter')
BY_CLIP = ('expr_r', 'gain', 'pose_r')
OVER_ALL = ('frechet_pictures', 'frechet_videos', 'fps')
MEASURES = (*BY_FRAME, *BY_CLIP, *OVER_ALL)


@dataclass(frozen=True)
class Metrics:
    """Embedding and features that a user may replace.

    Attributes:
        identity: Embedding of AED.
        images: Features of the Fréchet distance between images.
        videos: Features of the Fréchet distance between videos.
        lpips: LPIPS of generated and true frames; None: it is not measured.
    """

    identity: Identity = field(default_factory=FaceTexture)
    images: Features = image_statistics
    videos: Features = video_statistics
    lpips: FrameDistance | None = None


@dataclass(frozen=True)
class Faces:
    """Faces in the frames of a clip.

    Attributes:
        track: Their expression, head angles and landmarks.
        identity: (T, D) their embeddings; (D,) that of the source where the frames show another
            person.
    """

    track: Track
    identity: Array


def measure_frames(task: Task, generated: Frames, true_faces: Faces, faces: Faces,
                   lpips: FrameDistance | None = None) -> dict[str, Array]:
    """The measures that every frame has, (T,) each, by name.

    If the truth is unknown, MKR is the share of driving faces whose generated frame shows none, AED
    is the distance to the source, and the head's angles count from the first frame.

    Args:
        task: The animation.
        generated: (T, S, S, 3) its result.
        true_faces: Faces of `task.target`.
        faces: Faces of the result.
        lpips: LPIPS; None: it is not measured.
    """
    true, found = true_faces.track, faces.track
    result = {'mkr': distances.missing(found.landmarks, true.landmarks),
              'aed': distances.embedding_distance(faces.identity, true_faces.identity),
              'pose_deg': distances.pose_error(found.angles_deg, true.angles_deg,
                                               relative=task.truth is None),
              'jitter': distances.jitter(found.landmarks)}
    if task.truth is not None:
        result['l1'] = distances.l1(generated, task.truth)
        if lpips is not None:
            result['lpips'] = lpips(generated, task.truth)
        result['akd'] = distances.keypoint_distance(found.landmarks, true.landmarks)
    return result


def measure_clip(true: Track, found: Track) -> dict[str, float | None]:
    """Fidelity of expression and head (fidelity.py); None if the true face does not move."""
    result = fidelity.compare(true, found)
    return {name: rounded(getattr(result, name)) for name in BY_CLIP}


def rounded(value: float | None) -> float | None:
    """Six significant digits; None for a non-finite value."""
    return None if value is None or not np.isfinite(value) else float(f'{value:.6g}')


def finite_mean(values: Array) -> float | None:
    """Rounded mean of the finite values; None if there are none."""
    known = values[np.isfinite(values)]
    return rounded(float(known.mean())) if len(known) else None


def feature_distance(generated: Sequence[Array], true: Sequence[Array]) -> float | None:
    """Rounded Fréchet distance between features (N, F) of the clips of two sets."""
    return rounded(frechet_distance(np.concatenate(generated), np.concatenate(true)))
