"""Fidelity with which one face imitates another, measured by a face tracker.

The time courses of every blendshape that the driving face really uses are compared, at the delay
at which the faces agree best: by their correlation (does it move alike?) and the ratio of their
standard deviations (as strongly?). The angles of the head are compared likewise.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.motion.base import Extractor
from ros_animate.types import Array, Frame

# Least standard deviations of blendshapes and head angles that are compared.
USED_STD = 0.08
USED_STD_DEG = 2.0
# Blendshapes by the beginning of their names.
REGIONS = {'brows': ('brow',), 'eyes': ('eye',), 'mouth': ('jaw', 'mouth', 'nose')}
# Those of them that the tracker tells from others.
RELIABLE = tuple(name for name in BLENDSHAPES if name.startswith(
    tuple(start for starts in REGIONS.values() for start in starts)) and not name.startswith(
    ('jawForward', 'mouthDimple', 'mouthLeft', 'mouthRight', 'mouthShrug')))
ANGLES = ('yaw', 'pitch', 'roll')
LANDMARKS = 478
_MIN_FRAMES = 8


@dataclass(frozen=True)
class Track:
    """A tracked face over time; NaN in frames without a face.

    Attributes:
        names: (K,) names of the blendshapes.
        expression: (T, K) blendshapes.
        angles_deg: (T, 3) yaw, pitch and roll of the head.
        landmarks: (T, 478, 3) in pixels of the frames.
    """

    names: tuple[str, ...]
    expression: Array
    angles_deg: Array
    landmarks: Array = field(default_factory=lambda: np.empty((0, LANDMARKS, 3)))


@dataclass(frozen=True)
class Fidelity:
    """Agreement of the robot's face with the driving one.

    Attributes:
        expr_r: Mean of the regions' correlations; None if the driving face shows no expression.
        regions: Mean correlation of the used blendshapes in each region.
        blendshapes: Correlation of each used blendshape.
        gain: Median ratio of the standard deviations, 1 for the same strength.
        pose_r: Mean correlation of the head's angles that move; None if none does.
        lag: Delay of the robot's face in frames.
        missed: Share of frames in which the robot's face is not found.
        mae: Mean absolute difference of the RELIABLE blendshapes; NaN without frames.
        offset: Mean difference of their medians, which no correlation shows.
    """

    expr_r: float | None
    regions: Mapping[str, float]
    blendshapes: Mapping[str, float]
    gain: float | None
    pose_r: float | None
    lag: int
    missed: float
    mae: float = float('nan')
    offset: float = float('nan')


def track(frames: Iterable[Frame], extractor: Extractor) -> Track:
    """Tracks the face in every frame; the extractor must have been reset or have seen the first."""
    motions = [extractor.extract(frame) for frame in frames]
    names = next((tuple(m.expression) for m in motions if m is not None), ())
    expression = np.full((len(motions), len(names)), np.nan)
    angles_deg = np.full((len(motions), 3), np.nan)
    landmarks = np.full((len(motions), LANDMARKS, 3), np.nan)
    for index, motion in enumerate(motions):
        if motion is not None and motion.rotation is not None:
            expression[index] = [motion.expression[name] for name in names]
            angles_deg[index] = head_angles_deg(motion.rotation)
        if motion is not None and motion.landmarks is not None:
            landmarks[index] = motion.landmarks
    return Track(names, expression, angles_deg, landmarks)


def compare(driving: Track, robot: Track, max_lag: int = 5,
            names: Collection[str] | None = None) -> Fidelity:
    """Compares the face of `robot` with that of `driving`, frame by frame.

    Args:
        driving: The face that is imitated.
        robot: The face that imitates it.
        max_lag: Longest delay in frames.
        names: Blendshapes that are compared, if the driving face uses them; None for all.
    """
    count = min(len(driving.expression), len(robot.expression))
    used = [name for name, column in zip(driving.names, driving.expression[:count].T, strict=True)
            if (names is None or name in names) and _spread(column) > USED_STD]
    pairs = {name: (driving.expression[:count, driving.names.index(name)],
                    robot.expression[:count, robot.names.index(name)] if robot.names
                    else np.full(count, np.nan)) for name in used}
    lag = max(range(-max_lag, max_lag + 1), key=lambda k: (
        sum(correlation(a, delayed(b, k)) for a, b in pairs.values()), -abs(k)))
    each = {name: correlation(a, delayed(b, lag)) for name, (a, b) in pairs.items()}
    regions = {region: float(np.mean(values)) for region, starts in REGIONS.items()
               if (values := [r for name, r in each.items() if name.startswith(starts)])}
    mae, offset = _differences(driving, robot, count, lag)
    turns = [correlation(a, delayed(b, lag)) for a, b in
             zip(driving.angles_deg[:count].T, robot.angles_deg[:count].T, strict=True)
             if _spread(a) > USED_STD_DEG]
    return Fidelity(
        expr_r=float(np.mean(list(regions.values()))) if regions else None,
        regions=regions, blendshapes=each,
        gain=float(np.median([_spread(b) / _spread(a) for a, b in pairs.values()]))
        if pairs else None,
        pose_r=float(np.mean(turns)) if turns else None, lag=lag,
        missed=float(np.isnan(robot.angles_deg[:count, 0]).mean()) if count else 1.0,
        mae=mae, offset=offset)


def _differences(driving: Track, robot: Track, count: int, lag: int) -> tuple[float, float]:
    """Mean absolute differences of the RELIABLE blendshapes, and of their medians."""
    names = [name for name in RELIABLE if name in driving.names and name in robot.names]
    if not names or not count:
        return float('nan'), float('nan')
    theirs, own = (track.expression[:count, [track.names.index(name) for name in names]]
                   for track in (driving, robot))
    difference = np.abs(delayed(own, lag) - theirs)
    medians = np.nanmedian(own, axis=0) - np.nanmedian(theirs, axis=0)
    return float(np.nanmean(difference)), float(np.mean(np.abs(medians)))


def delayed(series: Array, lag: int) -> Array:
    """The series, `lag` frames later; its ends are repeated."""
    return series[np.clip(np.arange(len(series)) + lag, 0, len(series) - 1)]


def correlation(a: Array, b: Array) -> float:
    """Pearson's r over the frames in which both have a value; 0 where it is undefined."""
    both = ~(np.isnan(a) | np.isnan(b))
    if both.sum() < _MIN_FRAMES or _spread(a[both]) < 1e-6 or _spread(b[both]) < 1e-6:
        return 0.0
    return float(np.corrcoef(a[both], b[both])[0, 1])


def _spread(series: Array) -> float:
    """Standard deviation of the values that are not NaN."""
    values = series[~np.isnan(series)]
    return float(values.std()) if len(values) else 0.0
