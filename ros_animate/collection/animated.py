"""Pairs by an animator: a virtual person shows a pose, the robot's portrait imitates them.

These are the pictures that the image path sees at work, with what tracker and animator make of a
face on the way. So a portrait does not show the person's control values exactly, nor only what the
robot can do: the values of a pair are those with which the robot looks most like the portrait.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation.base import Animator
from ros_animate.animation.source_image import RENDERED_SIZE, source_image
from ros_animate.collection.appearances import lit, random_background, random_look, random_person
from ros_animate.collection.camera_effects import jpeg, photograph, random_quality
from ros_animate.collection.exaggeration import Exaggeration
from ros_animate.collection.fitting import ControlFit
from ros_animate.collection.pairs import CONTROLS, FACE, MORE, PICTURE, Pair, PairMaker, stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.errors import UserError
from ros_animate.face.virtual import MUSCLES, Appearance, Camera, VirtualFace
from ros_animate.motion.base import Extractor
from ros_animate.plugins import load_shared
from ros_animate.robot.face_map import FaceMap
from ros_animate.settings import Settings
from ros_animate.types import Array, Frame, Image, Motion

DRIVING_PX = 320
FRAME_S = 0.5  # between two frames: the tracker's smoothing over time has faded by then
SETTLING = 2  # frames of each pose: in the first one the tracker still looks where the face was
TRIES = 20  # poses, before a person is given up whose face is not found
# Mean distance of the tracked landmarks from the real ones, in face heights, beyond which the
# tracker is wrong about the face.
LOST = 0.12
# A person is calibrated before half of the blocks; in the others the animator finds the neutral
# face by itself, as in a run in which nobody asks for it.
CALIBRATED = 0.5
OWN_PORTRAIT = 0.7  # the rest: a portrait of other looks
OWN_REST = 0.06  # how far a person's muscles at rest are from those of others
PHOTOGRAPHED = 0.3  # animated pictures with a camera's faults; an animator's have none


@dataclass(frozen=True)
class _Person:
    """Somebody in front of a camera.

    Attributes:
        face: That renders them.
        rest: Muscle -> how far it is from neutral on their face at rest.
        unseen: How far landmarks stray from the real ones to the tracked ones, 0 to 1.
    """

    face: VirtualFace
    rest: Mapping[str, float]
    unseen: float


@dataclass(frozen=True)
class _Stages:
    """What tracks and animates.

    Attributes:
        extractor: The one that the animator understands.
        own: The animator with the robot's own portrait.
        other: Another one for portraits of other looks.
    """

    extractor: Extractor
    own: Animator
    other: Animator


class AnimatedPairs(PairMaker):
    """A block is one person in front of one camera, whom one portrait imitates.

    Poses in which the tracker finds no face are replaced by others. As tracker and animator
    remember, a block is always made from its beginning. An animator that does not know the
    landmarks of its pictures gives pairs with the values of the person.
    """

    block_size = 32

    def __init__(self, settings: Settings, seed: int, size: int,
                 exaggerated: float = 0.0) -> None:
        """size: width and height of the stored pictures in pixels; exaggerated: as `Exaggeration`.
        """
        self._settings, self._seed, self._size = settings, seed, size
        self._spec = settings.spec
        self._sampler = ControlSampler(self._spec)
        self._face_map = FaceMap(self._spec)
        self._exaggerate = Exaggeration(self._spec, self._face_map, self._sampler, exaggerated)
        self._fit = ControlFit(self._spec, self._face_map)
        self._own_portrait = source_image(settings.portrait, self._spec)
        self._stages: _Stages | None = None
        self._rest: Array | None = None

    def make(self, block: int, start: int, stop: int) -> Iterator[Pair]:
        person, animator = self._introduce(block)
        for k in range(stop):
            pair = self._pair(person, animator, block * self.block_size + k)
            if k >= start:
                yield pair

    def close(self) -> None:
        if self._stages is not None:
            self._stages.extractor.close()
            self._stages = None

    def _introduce(self, block: int) -> tuple[_Person, Animator]:
        """The block's person, whose face is found at rest, and the animator that has seen it."""
        for attempt in range(TRIES):
            rng = stream(self._seed, FACE, block, attempt)
            person, animator = self._person(rng), self._animator(rng)
            self._open().extractor.reset()
            animator.reset()
            self._rest = animator.landmarks
            self._stamp_s = 0.0
            motion = self._see(person, self._face_map.muscles(self._spec.neutral))
            if motion is not None:
                animator.animate(motion)
                if rng.random() < CALIBRATED:
                    animator.calibrate(motion)
                return person, animator
        raise UserError(f'no face found in {TRIES} virtual people at rest; choose another --seed')

    def _person(self, rng: np.random.Generator) -> _Person:
        look = lit(rng, random_person(rng))
        shift_cm = rng.uniform(-2.5, 2.5, 2)
        camera = Camera((DRIVING_PX, DRIVING_PX), float(rng.uniform(27.0, 38.0)),
                        float(rng.uniform(45.0, 110.0)), (float(shift_cm[0]), float(shift_cm[1])))
        rest = {name: float(OWN_REST * rng.standard_normal())
                for name in MUSCLES if name.startswith(('brow', 'eyelid', 'lip', 'cheek'))}
        background = random_background(rng, look, DRIVING_PX)
        return _Person(VirtualFace(look, camera, background), rest, float(rng.random()))

    def _open(self) -> _Stages:
        """Opened by whoever makes pairs: what is opened cannot be handed to another process."""
        if self._stages is None:
            own, other = (self._settings.load('animation') for _ in range(2))
            own.set_source(self._own_portrait)
            options = self._settings.options('animation')
            self._stages = _Stages(load_shared('motion', own.extractor, options), own, other)
        return self._stages

    def _animator(self, rng: np.random.Generator) -> Animator:
        """With the robot's own portrait, or another one."""
        stages = self._open()
        if rng.random() < OWN_PORTRAIT:
            return stages.own
        stages.other.set_source(self._portrait(rng, self._face_map.appearance))
        return stages.other

    def _portrait(self, rng: np.random.Generator, own: Appearance) -> Image:
        look = lit(rng, random_look(rng, own))
        camera = Camera((RENDERED_SIZE, RENDERED_SIZE), float(rng.uniform(25.0, 34.0)))
        face = VirtualFace(look, camera, random_background(rng, look, RENDERED_SIZE))
        return face.render(self._face_map.muscles(self._spec.neutral))

    def _values(self, animator: Animator, values: Array) -> Array:
        """What the robot does to look like the last picture, whose person showed `values`."""
        if animator.landmarks is None:
            return values
        assert self._rest is not None
        return self._sampler.allowed(self._fit(self._rest, animator.landmarks, values))

    def _pair(self, person: _Person, animator: Animator, index: int) -> Pair:
        for attempt in range(TRIES):
            values, muscles = self._exaggerate(
                stream(self._seed, MORE, index, attempt),
                self._sampler.sample(stream(self._seed, CONTROLS, index, attempt)))
            motion = self._see(person, muscles)
            if motion is not None:
                picture = self._photo(animator.animate(motion).image, index)
                return Pair(picture, self._values(animator, values))
        raise UserError(f'no face found in {TRIES} poses for pair {index}; choose another --seed')

    def _see(self, person: _Person, muscles: dict[str, float]) -> Motion | None:
        """The motion of a person who moves these muscles, None if it is not to be seen.

        The tracker, made for photographs, misses much of what a rendered face does: half of its
        gaze, lids and mouth. Its landmarks alone would teach that pictures say little; the real
        ones alone, that every picture is exact. So people differ in how much of the way from the
        real landmarks to the tracked ones theirs go.
        """
        muscles = dict(muscles)
        for name, offset in person.rest.items():
            muscles[name] = muscles.get(name, MUSCLES[name]) + offset
        image = person.face.render(muscles)
        for _ in range(SETTLING):
            self._stamp_s += FRAME_S
            motion = self._open().extractor.extract(Frame(image, self._stamp_s))
        if motion is None or motion.landmarks is None:
            return motion
        real = person.face.landmarks(muscles)
        if not _right(motion.landmarks, real):
            return None
        mixed = real + person.unseen * (motion.landmarks - real)
        return dataclasses.replace(motion, landmarks=mixed)

    def _photo(self, image: Image, index: int) -> bytes:
        rng = stream(self._seed, PICTURE, index)
        if image.shape[:2] != (self._size, self._size):
            smaller = image.shape[0] > self._size
            image = cv2.resize(image, (self._size, self._size),
                               interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
        if rng.random() < PHOTOGRAPHED:
            image, _ = photograph(image, rng)
        return jpeg(image, random_quality(rng))


def _right(tracked: Array, real: Array) -> bool:
    """Whether tracked landmarks (478, 3) lie on the real ones."""
    away = np.linalg.norm((tracked - real)[:468, :2], axis=1).mean()
    return bool(away < LOST * np.ptp(real[:, 1]))
