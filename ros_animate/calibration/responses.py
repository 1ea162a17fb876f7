"""Answers of the tracked face to single controls: measured on a robot, and expected of it."""
from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.calibration.journal import Journal, Taken
from ros_animate.calibration.observations import ANGLES
from ros_animate.calibration.observer import Timing
from ros_animate.calibration.poses import controls_levels, single_pose, single_values
from ros_animate.calibration.sighting import Sighting, steady
from ros_animate.calibration.turned_camera import TurnedCamera
from ros_animate.collection.appearances import random_person
from ros_animate.collection.pairs import random_stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.motion.base import Extractor
from ros_animate.robot.face_map import FaceMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array, Frame

# Units of an answer: centimetres of landmarks, degrees of the head, blendshapes. Landmarks differ
# least between identities, the tracker's blendshapes most.
POINT_CM, ANGLE_DEG, SHAPE = 1.0, 10.0, 2.0
MAD = 1.4826  # standard deviations of a normal distribution by median absolute deviation
LEVELS = (-1.0, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.0)
IDENTITIES = 2  # of people, beside the robot's own face, whose answers are expected as well
TURN_DEG = 8.0  # of the camera, to see what the tracker makes of it
LEAST_LEVEL = 0.1  # of a single control that counts: coupled limits may leave less
LEAST_SIDE = 0.01  # of the range: movements of other controls that count
OTHERS = 0.3  # share of the spread of all answers that counts in those of one control
EXPECTED = 22  # purpose of random numbers

PoseKey = tuple[int, float, bool]  # control, level, and True for the others without it


@dataclass(frozen=True)
class Curve:
    """Answer of the face to one control alone.

    Attributes:
        levels: (L,) ways from neutral, increasing: 1 to the upper end of what can be seen.
        answers: (L, A) differences from neutral, as of `vector`.
        spread: Standard deviation of repeated answers, of its length.
        looks: Mean number of answers at a level.
    """

    levels: Array
    answers: Array
    spread: float = 0.0
    looks: float = 1.0

    @functools.cached_property
    def points(self) -> tuple[Array, Array]:
        """(L + 1,) levels with neutral among them, and (L + 1, A) answers."""
        levels = np.concatenate([[0.0], self.levels])
        answers = np.vstack([np.zeros((1, self.answers.shape[1])), self.answers])
        order = np.argsort(levels)
        return levels[order], answers[order]

    def shares(self, levels: Array) -> Array:
        """(K, L + 1) shares of the points' answers in the answers at levels (K,).

        Linear in between, and beyond the ends straight on from neutral.
        """
        known, _ = self.points
        inside = np.clip(levels, known[0], known[-1])
        shares = np.column_stack([np.interp(inside, known, one) for one in np.eye(len(known))])
        beyond = np.where(inside == levels, 1.0, levels / np.where(inside == 0, np.inf, inside))
        return shares * beyond[:, np.newaxis]

    def at(self, levels: Array) -> Array:
        """(K, A) answers at levels (K,), see `shares`."""
        return self.shares(levels) @ self.points[1]


@dataclass(frozen=True)
class Expected:
    """Answers of robots that do what the file says.

    Attributes:
        curves: By control, alone, without regard to coupled limits: a robot that lies may go
            where it is not sent; None where no face was seen with it.
        spread: (C, A) standard deviations between identities, by control.
        sides: By control, the answers to other controls that the coupled limits move with it; None
            where there are none.
    """

    curves: Sequence[Curve | None]
    spread: Array
    sides: Sequence[Curve | None] = ()


def vector(features: Array, points: Array) -> Array:
    """(A,) a face: landmarks, blendshapes and head angles in comparable units."""
    return np.concatenate([points.ravel() / POINT_CM, features[:-ANGLES] / SHAPE,
                           features[-ANGLES:] / ANGLE_DEG])


def measured_curves(spec: RobotSpec, journal: Journal) -> list[Curve | None]:
    """The answers of a session, by control; None where no face was seen with it."""
    neutral = np.median(_neutral_faces(journal.taken), axis=0)
    return [_measured(index, journal, neutral) for index in range(len(spec.names))]


def neutral_features(journal: Journal) -> Array:
    """(55,) the median face at neutral."""
    return np.median([t.features for t in journal.taken if t.kind == 'neutral' and not t.reason],
                     axis=0)


def neutral_noise(journal: Journal) -> Array:
    """(A,) standard deviations of the face at neutral; robust, as a tracker may lag behind."""
    faces = _neutral_faces(journal.taken)
    return MAD * np.median(np.abs(faces - np.median(faces, axis=0)), axis=0)


def _neutral_faces(taken: Sequence[Taken]) -> Array:
    """(P, A) the faces at neutral."""
    return np.array([vector(t.features, t.points) for t in taken
                     if t.kind == 'neutral' and not t.reason])


def _measured(index: int, journal: Journal, neutral: Array) -> Curve | None:
    """Answers of one control: each against the neutral poses before and after it."""
    answers: dict[float, list[Array]] = {}
    for block in journal.blocks:
        for taken in block.taken:
            if (taken.control == index and not taken.reason
                    and abs(taken.level) >= LEAST_LEVEL):
                near = _near_neutral(block.taken, neutral)
                face = vector(taken.features, taken.points)
                answers.setdefault(taken.level, []).append(face - near)
    if not answers:
        return None
    levels = sorted(answers)
    spreads = [np.std(answers[level], axis=0) for level in levels if len(answers[level]) > 1]
    return Curve(np.array(levels), np.array([np.mean(answers[level], axis=0)
                                             for level in levels]),
                 float(np.sqrt(np.square(spreads).sum(axis=1).mean())) if spreads else float('nan'),
                 float(np.mean([len(answers[level]) for level in levels])))


def _near_neutral(block: Sequence[Taken], neutral: Array) -> Array:
    """The neutral face of a block, half of the way towards that of all."""
    own = _neutral_faces(block)
    return (neutral + own.mean(axis=0)) / 2 if len(own) else neutral


class FaithfulRobot:
    """The virtual robot that does what the file says, with several identities.

    Args:
        spec: A robot with a section `face`.
        tracker: The tracker that also watches the real robot.
    """

    def __init__(self, spec: RobotSpec, tracker: Extractor) -> None:
        self._spec, self._tracker = spec, tracker
        self._map = FaceMap(spec)
        looks = [self._map.appearance, *(random_person(random_stream(0, EXPECTED, k))
                                         for k in range(IDENTITIES))]
        self._faces = [VirtualFace(look, Camera()) for look in looks]
        self._now_s = 0.0

    def neutral(self) -> list[Sighting]:
        """The neutral face of each identity."""
        return [face for face in (self._look(f, self._spec.neutral) for f in self._faces)
                if face is not None]

    def turns(self) -> tuple[float, float]:
        """Angles that the tracker reports of a camera off the face's axis, by its true angle.

        Sideways, and above: 1 would be right.
        """
        cameras = [TurnedCamera(azimuth_deg=azimuth, elevation_deg=elevation)
                   for azimuth, elevation in ((0.0, 0.0), (TURN_DEG, 0.0), (0.0, TURN_DEG))]
        turns = []
        for face in self._faces:
            seen = [self._look(VirtualFace(face.appearance, camera), self._spec.neutral)
                    for camera in cameras]
            rest, aside, above = (None if s is None else s.angles_deg for s in seen)
            if rest is not None and aside is not None and above is not None:
                turns.append((rest[0] - aside[0], above[1] - rest[1]))
        yaw, pitch = np.mean(turns, axis=0) / TURN_DEG if turns else (1.0, 1.0)
        return float(yaw), float(pitch)

    def expected(self) -> Expected:
        """The expected answers: means over the identities."""
        poses = expected_poses(self._spec)
        answers: dict[PoseKey, list[Array]] = {}
        for face in self._faces:
            neutral = self._look(face, self._spec.neutral)
            for key, values in poses.items():
                seen = self._look(face, values)
                if seen is not None and neutral is not None:
                    answers.setdefault(key, []).append(_vector(seen) - _vector(neutral))
        count = len(self._spec.names)
        return Expected(expected_curves(count, answers, False), _spread(count, answers),
                        expected_curves(count, answers, True))

    def _look(self, face: VirtualFace, values: Array) -> Sighting | None:
        image = face.render(self._map.muscles(values))

        def track() -> Sighting | None:
            self._now_s += 0.1
            return Sighting.of(self._tracker.extract(Frame(image, self._now_s)), image)
        return steady(track, Timing.images)


def _vector(seen: Sighting) -> Array:
    return vector(seen.features, seen.points)


def _spread(count: int, answers: Mapping[PoseKey, Sequence[Array]]) -> Array:
    """(C, A) standard deviations between identities: a control's own, and a part of all."""
    rows: list[list[Array]] = [[] for _ in range(count)]
    for (index, _, _), values in answers.items():
        rows[index].append(np.var(values, axis=0))
    everything = np.mean([variance for row in rows for variance in row], axis=0)
    return np.sqrt([OTHERS ** 2 * everything + (np.mean(row, axis=0) if row else everything)
                    for row in rows])


def expected_poses(spec: RobotSpec) -> dict[PoseKey, Array]:
    """Poses (C,) of single controls, and of those alone that the coupled limits move with them."""
    sampler = ControlSampler(spec)
    least = LEAST_SIDE * (spec.high - spec.low)
    poses = {}
    for index in range(len(spec.names)):
        for level in controls_levels(spec, index, LEVELS):
            poses[index, level, False] = single_values(spec, index, level)
            allowed = single_pose(spec, sampler, index, level)
            side = allowed.values.copy()
            side[index] = spec.neutral[index]
            if abs(allowed.level) >= LEAST_LEVEL and (np.abs(side - spec.neutral) > least).any():
                poses[index, allowed.level, True] = side
    return poses


def expected_curves(count: int, answers: Mapping[PoseKey, Sequence[Array]],
                    is_side: bool) -> list[Curve | None]:
    """The mean answers by control, of one of the kinds of `expected_poses`."""
    rows: list[dict[float, Array]] = [{} for _ in range(count)]
    for (index, level, side), values in answers.items():
        if side == is_side:
            rows[index][level] = np.mean(values, axis=0)
    return [Curve(np.array(sorted(row)), np.array([row[level] for level in sorted(row)]))
            if row else None for row in rows]
