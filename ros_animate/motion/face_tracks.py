"""Identities of several faces over time: prediction, comparison, assignment.

Two people who cross hide each other for a while. A face that is hidden keeps its identity for some
time; when it appears again, the faces that met are assigned to the identities anew, by the motion,
size and colours that each of them had before.
"""
from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ros_animate.motion.face_appearance import colour_distance
from ros_animate.types import Array

_VELOCITY_S = 0.15  # time constant of the mean velocity
_GAP_S = 0.4  # between two sightings that still tell a velocity
_COAST_S = 0.8  # for which a hidden face is believed to go on
_COLOUR_S = 1.0  # time constant of the mean colours
# Distances of centres, in sizes: closer faces are one face, closer ones may hide each other.
SAME, NEAR = 0.35, 1.4
# Weights of the differences between a face and what it was, and their greatest values.
_POSITION, _MOST_POSITION = 0.5, 1.5
_SIZE, _MOST_SIZE = 2.0, 1.0
_COLOUR = 0.15
# Below these a face that appears is one that was hidden: near its prediction, or of its colours.
_SAME_PLACE, _SAME_PLACE_PER_S, _SAME_COLOURS, _OTHER_COLOURS = 1.5, 3.0, 6.0, 18.0
_SWAP_MARGIN = 0.1


@dataclass(frozen=True)
class Sighting:
    """A face in one frame.

    Attributes:
        stamp_s: Stamp of the frame.
        centre: (2,) pixels.
        size: Mean of width and height in pixels.
        colours: Result of `face_colours`; None where there is nobody to be confused with.
    """

    stamp_s: float
    centre: Array
    size: float
    colours: Array | None = None


@dataclass(eq=False)
class FaceTrack:
    """A face with an identity.

    Attributes:
        id: The identity.
        last: Newest sighting.
        clear: Newest sighting in which no other face was near; what the face is compared with.
        velocity: (2,) pixels per second, while it was clear.
        rivals: Tracks that were taken for the same face since this one was clear.
        tracker: What finds the face in the next frame; None while it is hidden.
        motion: Newest motion of the face.
    """

    id: str
    last: Sighting
    clear: Sighting = field(init=False)
    velocity: Array = field(default_factory=lambda: np.zeros(2))
    rivals: set[FaceTrack] = field(default_factory=set)
    tracker: Any = None
    motion: Any = None

    def __post_init__(self) -> None:
        self.clear = self.last

    __hash__ = object.__hash__

    def settle(self) -> None:
        """Learns position, velocity and colours from the newest sighting, which is clear."""
        before, now = self.clear, self.last
        if now is before:
            return
        dt_s = now.stamp_s - before.stamp_s
        if 0 < dt_s < _GAP_S:
            share = 1 - math.exp(-dt_s / _VELOCITY_S)
            self.velocity = self.velocity + share * (
                (now.centre - before.centre) / dt_s - self.velocity)
        elif dt_s >= _GAP_S:
            self.velocity = np.zeros(2)
        self.clear = dataclasses.replace(now, colours=_mean_colours(
            before.colours, now.colours, 1 - math.exp(-max(dt_s, 0.0) / _COLOUR_S)))

    def predicted(self, stamp_s: float) -> Array:
        """(2,) where the face should be at a time, in pixels."""
        coast_s = min(max(stamp_s - self.clear.stamp_s, 0.0), _COAST_S)
        return self.clear.centre + self.velocity * coast_s

    def difference(self, seen: Sighting) -> float:
        """Distance of a face from this one; 0 for the same place, size and colours."""
        away = float(np.linalg.norm(seen.centre - self.predicted(seen.stamp_s))) / self.clear.size
        growth = abs(math.log(seen.size / self.clear.size))
        return (min(_POSITION * away, _MOST_POSITION) + min(_SIZE * growth, _MOST_SIZE)
                + _COLOUR * self._colour_difference(seen, 0.0))

    def may_be(self, seen: Sighting) -> bool:
        """True if a face that has appeared may be this one, which is hidden."""
        hidden_s = max(seen.stamp_s - self.last.stamp_s, 0.0)
        away = min(float(np.linalg.norm(seen.centre - place)) for place in (
            self.predicted(seen.stamp_s), self.last.centre)) / self.clear.size
        colours = self._colour_difference(seen, _SAME_COLOURS)
        is_near = away < _SAME_PLACE + _SAME_PLACE_PER_S * hidden_s
        return colours < (_OTHER_COLOURS if is_near else _SAME_COLOURS)

    def _colour_difference(self, seen: Sighting, unknown: float) -> float:
        if self.clear.colours is None or seen.colours is None:
            return unknown
        distance = colour_distance(self.clear.colours, seen.colours)
        return unknown if math.isnan(distance) else distance


def face_extent(landmarks: Array) -> Array:
    """(3,) centre x, centre y and size (mean of width and height) of (N, 2) landmarks."""
    low, high = landmarks.min(0), landmarks.max(0)
    return np.array([*(low + high) / 2, (high - low).mean()])


def distance(one: Sighting, other: Sighting) -> float:
    """Distance of two faces in sizes of the smaller one."""
    return float(np.linalg.norm(one.centre - other.centre)) / min(one.size, other.size)


def is_same_face(one: Sighting, other: Sighting) -> bool:
    """True if two trackers have found one face: two people cannot be in one place."""
    return float(np.linalg.norm(one.centre - other.centre)) < SAME * max(one.size, other.size)


def is_swapped(visible: FaceTrack, hidden: FaceTrack, seen: Sighting) -> bool:
    """True if the face that appears is rather the visible track's, and its face the hidden one's.

    Args:
        visible: Track that was taken for the same face as `hidden`, and has stayed.
        hidden: Track that has been hidden since.
        seen: The face that appears.
    """
    kept = visible.difference(visible.last) + hidden.difference(seen)
    swapped = visible.difference(seen) + hidden.difference(visible.last)
    return swapped < kept - _SWAP_MARGIN


def _mean_colours(mean: Array | None, new: Array | None, share: float) -> Array | None:
    """Running mean; what was outside of the image before is taken as it is now."""
    if mean is None or new is None:
        return mean if new is None else new
    joined = np.where(np.isnan(mean), new, mean)
    return np.where(np.isnan(new), joined, joined + share * (new - joined))
