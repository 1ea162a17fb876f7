"""A virtual person in front of a camera, and the motion that the face tracker finds."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ros_animate.collection.appearances import (
    random_background,
    random_person,
    with_random_lighting,
)
from ros_animate.face.virtual import MUSCLES, Camera, VirtualFace
from ros_animate.motion.base import Extractor
from ros_animate.types import Array, Frame, Motion

DRIVING_PX = 320
FRAME_S = 0.5  # between two frames: the tracker's smoothing over time has faded by then
FRAMES_PER_POSE = 2  # in the first one the tracker still looks where the face was before
# Largest mean distance of the tracked landmarks from the true ones, in face heights. Beyond it the
# tracker has not found the face.
MAX_TRACKING_ERROR = 0.12
REST_STD = 0.06  # how far a person's muscles at rest are from neutral


@dataclass(frozen=True)
class VirtualPerson:
    """A person in front of a camera.

    Attributes:
        face: Renders them.
        rest: Distance from neutral of each muscle at rest.
        tracked_share: Place of the landmarks that stages get between the true ones (0) and the
            tracked ones (1).
    """

    face: VirtualFace
    rest: Mapping[str, float]
    tracked_share: float

    def muscles(self, muscles: Mapping[str, float]) -> dict[str, float]:
        """The muscles of a pose on this person's face, which has a rest of its own."""
        own = dict(muscles)
        for name, offset in self.rest.items():
            own[name] = own.get(name, MUSCLES[name]) + offset
        return own


def random_virtual_person(rng: np.random.Generator) -> VirtualPerson:
    """A person of random appearance, lighting, camera and background."""
    appearance = with_random_lighting(rng, random_person(rng))
    shift_cm = rng.uniform(-2.5, 2.5, 2)
    camera = Camera((DRIVING_PX, DRIVING_PX), float(rng.uniform(27.0, 38.0)),
                    float(rng.uniform(45.0, 110.0)), (float(shift_cm[0]), float(shift_cm[1])))
    rest = {name: float(REST_STD * rng.standard_normal())
            for name in MUSCLES if name.startswith(('brow', 'eyelid', 'lip', 'cheek'))}
    background = random_background(rng, appearance, DRIVING_PX)
    return VirtualPerson(VirtualFace(appearance, camera, background), rest, float(rng.random()))


class PersonTracker:
    """Extracts the motion of a virtual person from rendered frames.

    The tracker, which was trained on photographs, misses half of the movement of a rendered face's
    gaze, lids and mouth. Pairs with its landmarks alone would teach a policy that images say
    little; pairs with the true ones alone, that every image is exact. So the landmarks lie between
    both, in a proportion that differs between people.

    Args:
        extractor: The extractor whose motion the animator understands.
    """

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor
        self._stamp_s = 0.0

    def reset(self) -> None:
        """Forgets the person before."""
        self._extractor.reset()
        self._stamp_s = 0.0

    def close(self) -> None:
        """Releases the extractor."""
        self._extractor.close()

    def motion(self, person: VirtualPerson, muscles: Mapping[str, float]) -> Motion | None:
        """Motion of a person who moves these muscles; None if their face is not found."""
        own = person.muscles(muscles)
        image = person.face.render(own)
        for _ in range(FRAMES_PER_POSE):
            self._stamp_s += FRAME_S
            motion = self._extractor.extract(Frame(image, self._stamp_s))
        if motion is None or motion.landmarks is None:
            return motion
        true = person.face.landmarks(own)
        if not is_tracked(motion.landmarks, true):
            return None
        mixed = true + person.tracked_share * (motion.landmarks - true)
        return dataclasses.replace(motion, landmarks=mixed)


def is_tracked(tracked: Array, true: Array) -> bool:
    """True if tracked landmarks (478, 3) lie near the true ones."""
    distance = np.linalg.norm((tracked - true)[:468, :2], axis=1).mean()
    return bool(distance < MAX_TRACKING_ERROR * np.ptp(true[:, 1]))
