"""Pairs through an animator: a virtual person shows a pose, the robot's portrait imitates them.

The image path works on such images, with all errors of tracker and animator. So a portrait shows
neither exactly the person's control values nor only poses that the robot can reach: the values of a
pair are those with which the robot looks most like the portrait.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ros_animate.animation.base import Animator
from ros_animate.animation.source_image import RENDERED_SIZE, source_image
from ros_animate.collection.appearances import (
    random_appearance,
    random_background,
    with_random_lighting,
)
from ros_animate.collection.camera_effects import photograph, random_quality
from ros_animate.collection.exaggeration import Exaggeration
from ros_animate.collection.fitting import ControlFit
from ros_animate.collection.pairs import (
    CONTROLS,
    EXAGGERATION,
    FACE,
    IMAGE,
    Pair,
    PairMaker,
    random_stream,
)
from ros_animate.collection.sampling import ControlSampler
from ros_animate.collection.virtual_person import (
    PersonTracker,
    VirtualPerson,
    random_virtual_person,
)
from ros_animate.errors import UserError
from ros_animate.face.virtual import Appearance, Camera, VirtualFace
from ros_animate.images import encode_jpeg
from ros_animate.plugins import load_shared
from ros_animate.robot.face_map import FaceMap
from ros_animate.settings import Settings
from ros_animate.types import Array, Image

ATTEMPTS = 20  # people or poses, until one whose face is found
# Share of the blocks before which the person is calibrated; in the others the animator finds the
# neutral face by itself, as in a run without calibration.
CALIBRATED_SHARE = 0.5
OWN_PORTRAIT_SHARE = 0.7  # the rest: a portrait of another appearance
PHOTOGRAPHED_SHARE = 0.3  # animated images with a camera's faults; the animator's own have none


@dataclass(frozen=True)
class _Stages:
    """Tracker and animators.

    Attributes:
        tracker: Extracts the motion that the animators understand.
        own: Animator of the robot's own portrait.
        other: Animator of portraits of other appearances.
    """

    tracker: PersonTracker
    own: Animator
    other: Animator


class AnimatedPairs(PairMaker):
    """Pairs of animated portraits; a block is one person whom one portrait imitates.

    Poses in which the tracker does not find the face are replaced by others. Tracker and animator
    have a state, so a block is always made from its beginning. With an animator that does not give
    the landmarks of its images, the values of the pairs are those of the person.
    """

    block_size = 32

    def __init__(self, settings: Settings, seed: int, size: int,
                 exaggerated: float = 0.0) -> None:
        """Makes the parts that can be copied to other processes.

        Args:
            settings: Robot, portrait and animator.
            seed: Seed of the pairs.
            size: Width and height of the stored images in pixels.
            exaggerated: Probability of `Exaggeration`.
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
        person, animator = self._start_block(block)
        for k in range(stop):
            pair = self._pair(person, animator, block * self.block_size + k)
            if k >= start:
                yield pair

    def close(self) -> None:
        if self._stages is not None:
            self._stages.tracker.close()
            self._stages = None

    def _start_block(self, block: int) -> tuple[VirtualPerson, Animator]:
        """The block's person, and the animator after their face at rest."""
        for attempt in range(ATTEMPTS):
            rng = random_stream(self._seed, FACE, block, attempt)
            person, animator = random_virtual_person(rng), self._animator(rng)
            tracker = self._open().tracker
            tracker.reset()
            animator.reset()
            self._rest = animator.landmarks
            motion = tracker.motion(person, self._face_map.muscles(self._spec.neutral))
            if motion is not None:
                animator.animate(motion)
                if rng.random() < CALIBRATED_SHARE:
                    animator.calibrate(motion)
                return person, animator
        raise UserError(f'no face found in {ATTEMPTS} virtual people at rest; choose another '
                        '--seed')

    def _open(self) -> _Stages:
        """The stages, opened in the process that uses them: they cannot be copied."""
        if self._stages is None:
            own, other = (self._settings.load('animation') for _ in range(2))
            own.set_source(self._own_portrait)
            options = self._settings.options('animation')
            tracker = PersonTracker(load_shared('motion', own.extractor, options))
            self._stages = _Stages(tracker, own, other)
        return self._stages

    def _animator(self, rng: np.random.Generator) -> Animator:
        """An animator of the robot's own portrait, or of another one."""
        stages = self._open()
        if rng.random() < OWN_PORTRAIT_SHARE:
            return stages.own
        stages.other.set_source(self._random_portrait(rng, self._face_map.appearance))
        return stages.other

    def _random_portrait(self, rng: np.random.Generator, own: Appearance) -> Image:
        appearance = with_random_lighting(rng, random_appearance(rng, own))
        camera = Camera((RENDERED_SIZE, RENDERED_SIZE), float(rng.uniform(25.0, 34.0)))
        face = VirtualFace(appearance, camera, random_background(rng, appearance, RENDERED_SIZE))
        return face.render(self._face_map.muscles(self._spec.neutral))

    def _pair(self, person: VirtualPerson, animator: Animator, index: int) -> Pair:
        for attempt in range(ATTEMPTS):
            values, muscles = self._exaggerate(
                random_stream(self._seed, EXAGGERATION, index, attempt),
                self._sampler.sample(random_stream(self._seed, CONTROLS, index, attempt)))
            motion = self._open().tracker.motion(person, muscles)
            if motion is not None:
                content = self._encode(animator.animate(motion).image, index)
                return Pair(content, self._robot_values(animator, values))
        raise UserError(f'no face found in {ATTEMPTS} poses for pair {index}; choose another '
                        '--seed')

    def _robot_values(self, animator: Animator, values: Array) -> Array:
        """(N,) values with which the robot looks like the animator's last image.

        Args:
            animator: Knows the landmarks of its last image, or not.
            values: (N,) values of the person, the result in the second case.
        """
        if animator.landmarks is None:
            return values
        assert self._rest is not None
        return self._sampler.allowed(self._fit(self._rest, animator.landmarks, values))

    def _encode(self, image: Image, index: int) -> bytes:
        """JPEG of the stored size, now and then with a camera's faults."""
        rng = random_stream(self._seed, IMAGE, index)
        if image.shape[:2] != (self._size, self._size):
            smaller = image.shape[0] > self._size
            image = cv2.resize(image, (self._size, self._size),
                               interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
        if rng.random() < PHOTOGRAPHED_SHARE:
            image, _ = photograph(image, rng)
        return encode_jpeg(image, random_quality(rng))
