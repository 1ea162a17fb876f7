"""Clips of synthetic faces. People and motion of clip number n depend on the seed alone.

Two people act in every clip, each with an appearance, light, background and camera of their own,
framed alike: frame t of both shows the same pose and expression. Faces fill the square as in the
crops of the animators.
"""
from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import cv2
import numpy as np

from ros_animate.collection.appearances import (
    random_appearance,
    random_background,
    random_person,
    with_random_lighting,
)
from ros_animate.collection.pairs import random_stream
from ros_animate.collection.sampling import ControlSampler
from ros_animate.face.crop import Box
from ros_animate.face.framing import TIGHT
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.face.head_pose import fit_pose
from ros_animate.face.virtual import MUSCLES, Camera, VirtualFace
from ros_animate.face.virtual.muscles import EYE_RANGE_DEG, rotation
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.training.animation.surroundings import CLUTTER, HAIR_SHARE, Hair, add_clutter
from ros_animate.types import Array, Image

NAMES = tuple(MUSCLES)
EXPRESSION = tuple(n for n in NAMES if not n.startswith(('head_', 'neck_')))
PEOPLE = 2  # in a clip
_POSES, _FACES = 10, 11  # random streams
_GAZE_RANGE = {'gaze_azimuth': EYE_RANGE_DEG[0], 'gaze_elevation': EYE_RANGE_DEG[1]}
_EXPRESSION_AT = [NAMES.index(n) for n in EXPRESSION]
_EXPRESSION_UNITS = np.array([_GAZE_RANGE.get(n, 1.0) for n in EXPRESSION])
HUMAN_SHARE = 0.6  # the rest: the robot's appearance, more or less changed, others
TURNING = 0.35  # part of the clips with large rotations of the head
# Yaw, pitch, roll and the neck's pitch and roll in degrees: standard deviations.
_SMALL_TURNS, _LARGE_TURNS = (4.0, 3.0, 2.5, 1.0, 1.0), (16.0, 9.0, 7.0, 3.0, 3.0)
_HEAD = ('head_yaw', 'head_pitch', 'head_roll', 'neck_pitch', 'neck_roll')
_LIMIT = 2.0  # of random angles, in standard deviations
_GAZE_DEG = {'gaze_azimuth': 11.0, 'gaze_elevation': 6.0}  # standard deviations
WIDE_MOUTH, BLINK, TALK = 0.2, 0.12, 0.25  # parts of the frames
_KEY_FRAMES = 6  # frames from one pose to the next in a smooth clip
_SMALLEST_PX = 256  # smaller images are averaged from this size, as photographs are
_MOVE, _MOVE_TURNING, _GROW = 0.012, 0.03, 0.02  # motion of a person, in parts of the square's side
_PROVISIONAL_CM = 27.0
DISTANCE_CM = (45.0, 120.0)
_SCALE, _SHIFT = (0.88, 1.08), 0.025  # variation of the squares around faces


class Frames(NamedTuple):
    """Frames and labels of a clip.

    Attributes:
        images: (P, T, S, S, 3) uint8 RGB.
        landmarks: (P, T, 468, 2) in [-1, 1].
        angles_deg: (T, 3).
        expression: (T, E).
    """

    images: Image
    landmarks: Array
    angles_deg: Array
    expression: Array


def make_clip(seed: int, number: int, count: int, size: int, smooth: bool = False,
              people: int = PEOPLE) -> Frames:
    """Clip `number` of a seed.

    Args:
        seed: Seed of people and poses.
        number: Number of the clip, from 0 on.
        count: Number of frames.
        size: Width and height in pixels.
        smooth: True for a video, False for independent poses.
        people: Number of people, 1 or 2.
    """
    script = Script.draw(random_stream(seed, _POSES, number), count, smooth)
    rendered = [render_person(random_stream(seed, _FACES, number, k), script, size)
                for k in range(people)]
    return Frames(np.stack([images for images, _ in rendered]),
                  np.stack([normalised(landmarks[:, :468, :2], size) for _, landmarks in rendered]),
                  script.angles_deg(), script.expression())


@dataclasses.dataclass(frozen=True)
class Script:
    """Motion of a clip.

    Attributes:
        muscles: (T, M) values in the order of NAMES.
        move: (T, 3) shift to the right, shift down, growth, in parts of the square.
        scale: Size of the square around the face.
        shift: (2,) shift of that square, in parts of its side.
    """

    muscles: Array
    move: Array
    scale: float
    shift: Array

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, smooth: bool = False) -> Script:
        """A random script."""
        turning = rng.random() < TURNING
        keys = -(-count // _KEY_FRAMES) + 1 if smooth else count
        muscles = np.stack([random_pose(rng, turning) for _ in range(keys)])
        spread = _MOVE_TURNING if turning else _MOVE
        move: Array = rng.standard_normal((keys, 3)) * (spread, spread, _GROW)
        if smooth:
            muscles, move = _smoothly(muscles, count), _smoothly(move, count)
        return cls(muscles, move, float(rng.uniform(*_SCALE)), rng.uniform(-_SHIFT, _SHIFT, 2))

    def state(self, t: int) -> dict[str, float]:
        """Values of the muscles in frame t."""
        return dict(zip(NAMES, self.muscles[t].tolist(), strict=True))

    def angles_deg(self) -> Array:
        """(T, 3) yaw, pitch, roll of the head, the neck's part included."""
        columns = self.muscles[:, [NAMES.index(n) for n in _HEAD]]
        return np.stack([head_angles_deg(rotation(0, neck_pitch, neck_roll)
                                         @ rotation(yaw, pitch, roll))
                         for yaw, pitch, roll, neck_pitch, neck_roll in columns])

    def expression(self) -> Array:
        """(T, E) values of the muscles EXPRESSION."""
        return self.muscles[:, _EXPRESSION_AT] / _EXPRESSION_UNITS


def random_pose(rng: np.random.Generator, turning: bool) -> Array:
    """(M,) muscles: faces of `collection`, with wider mouths, blinks, and a person's head turns."""
    sampler, face_map = _robot()
    state = {**MUSCLES, **face_map.muscles(sampler.sample(rng))}
    kind = rng.random()
    if kind < WIDE_MOUTH:
        state['jaw_open'] = float(rng.uniform(0.25, 0.95))
    elif kind < WIDE_MOUTH + TALK:
        state['jaw_open'] = float(np.clip(state['jaw_open'] + rng.uniform(0.0, 0.35), 0.0, 1.0))
    if rng.random() < BLINK:
        closed = rng.uniform(0.6, 1.0)
        for side in ('left', 'right'):
            state[f'eyelid_upper_{side}'] *= 1 - closed
            state[f'eyelid_lower_{side}'] *= 1 - 0.4 * closed
    for name, spread in _GAZE_DEG.items():
        state[name] = spread * float(np.clip(rng.standard_normal(), -_LIMIT, _LIMIT))
    turns = np.clip(rng.standard_normal(len(_HEAD)), -_LIMIT, _LIMIT)
    turns *= _LARGE_TURNS if turning else _SMALL_TURNS
    state.update(zip(_HEAD, turns.tolist(), strict=True))
    return np.array([state[name] for name in NAMES])


@functools.lru_cache(maxsize=1)
def _robot() -> tuple[ControlSampler, FaceMap]:
    spec = load_spec('mock')
    return ControlSampler(spec), FaceMap(spec)


def _smoothly(keys: Array, count: int) -> Array:
    """(T, …) interpolation from key to key, at rest at each."""
    at = np.arange(count) / _KEY_FRAMES
    k = np.minimum(at.astype(int), len(keys) - 2)
    linear: Array = (at - k)[:, None]
    share: Array = linear * linear * (3 - 2 * linear)
    return keys[k] + share * (keys[k + 1] - keys[k])


def render_person(rng: np.random.Generator, script: Script, size: int,
                  surroundings: bool = False) -> tuple[Image, Array]:
    """A random person in the motion of the script.

    Args:
        rng: Random numbers.
        script: The motion.
        size: Width and height in pixels.
        surroundings: True for people with hair before cluttered backgrounds too.

    Returns:
        Images (T, size, size, 3), and landmarks (T, 478, 3) in pixels from the images' corner.
    """
    own = _robot()[1].appearance
    look = with_random_lighting(rng, random_person(rng) if rng.random() < HUMAN_SHARE
                                else random_appearance(rng, own))
    drawn = size * max(1, -(-_SMALLEST_PX // size))
    face = VirtualFace(look, background=random_background(rng, own, drawn))
    face.camera = _framed(face, script, float(rng.uniform(*DISTANCE_CM)), drawn)
    images, landmarks = [], []
    camera = face.camera
    if surroundings and rng.random() < CLUTTER:
        face.background = add_clutter(rng, face.background)
    hair = Hair.random(rng) if surroundings and rng.random() < HAIR_SHARE else None
    room = face.background
    for t, move in enumerate(script.move):
        state = script.state(t)
        face.camera = _moved(camera, move)
        points = face.landmarks(state)
        if hair is not None:
            face.background = hair.draw(room, fit_pose(points))
        images.append(cv2.resize(face.render(state), (size, size), interpolation=cv2.INTER_AREA))
        landmarks.append(points * (size / drawn))
    return np.stack(images).astype(np.uint8), np.stack(landmarks)


def _framed(face: VirtualFace, script: Script, distance_cm: float, size: int) -> Camera:
    """The camera whose image is the square that an animator would crop from this clip."""
    face.camera = Camera((size, size), _PROVISIONAL_CM, distance_cm)
    boxes = [_box(face, script.state(t)) for t in range(len(script.muscles))]
    side = float(np.mean([b.size for b in boxes])) * script.scale
    centre = np.mean([b.centre for b in boxes], axis=0) - size / 2 + script.shift * side
    cm = _PROVISIONAL_CM / size
    return Camera((size, size), side * cm, distance_cm, (centre[0] * cm, -centre[1] * cm))


def _box(face: VirtualFace, state: dict[str, float]) -> Box:
    return TIGHT.box(face.landmarks(state))


def _moved(camera: Camera, move: Array) -> Camera:
    """The camera for a person who has moved in the image; the background stays."""
    right, down, growth = move.tolist()
    x, y = camera.centre_cm
    view = camera.view_cm
    return dataclasses.replace(camera, view_cm=view * (1 - growth),
                               centre_cm=(x - right * view, y + down * view))


def normalised(pixels: Array, size: int) -> Array:
    """Pixels from the image's corner to [-1, 1] between the centres of the outermost pixels."""
    return (2 * (pixels - 0.5) / (size - 1) - 1).astype(np.float32)
