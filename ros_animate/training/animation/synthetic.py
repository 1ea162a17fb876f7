"""Clips of synthetic faces: who is in clip number n, and what happens, depends on the seed alone.

Two people play every clip, each in a look, light, room and camera of their own, framed alike:
frame t of both shows the same pose and expression. Faces fill the square as in the crops of the
animators.
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
from ros_animate.face.virtual import MUSCLES, Camera, VirtualFace
from ros_animate.face.virtual.muscles import EYE_RANGE_DEG, rotation
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.types import Array, Image

NAMES = tuple(MUSCLES)
EXPRESSION = tuple(n for n in NAMES if not n.startswith(('head_', 'neck_')))
PEOPLE = 2  # in a clip
_POSES, _FACES = 10, 11  # streams of random numbers
_GAZE_RANGE = {'gaze_azimuth': EYE_RANGE_DEG[0], 'gaze_elevation': EYE_RANGE_DEG[1]}
_EXPRESSION_AT = [NAMES.index(n) for n in EXPRESSION]
_EXPRESSION_UNITS = np.array([_GAZE_RANGE.get(n, 1.0) for n in EXPRESSION])
HUMAN_SHARE = 0.6  # the rest: the robot's look, more or less changed, other robots, some people
TURNING = 0.35  # part of the clips with turns of the head
# Yaw, pitch, roll and the neck's pitch and roll in degrees: standard deviations.
_STILL, _TURNED = (4.0, 3.0, 2.5, 1.0, 1.0), (16.0, 9.0, 7.0, 3.0, 3.0)
_HEAD = ('head_yaw', 'head_pitch', 'head_roll', 'neck_pitch', 'neck_roll')
_MOST_TURNS = 2.0  # standard deviations
_GAZE_DEG = {'gaze_azimuth': 11.0, 'gaze_elevation': 6.0}  # standard deviations
WIDE_MOUTH, BLINK, TALK = 0.2, 0.12, 0.25  # parts of the frames
_KEY_FRAMES = 6  # frames from one pose to the next in a smooth clip
_SMALLEST_PX = 256  # smaller pictures are averaged from such, as photographs are
_MOVE, _MOVE_TURNING, _GROW = 0.012, 0.03, 0.02  # of the square's side: how a person moves in it
_PROVISIONAL_CM = 27.0
DISTANCE_CM = (45.0, 120.0)
_SCALE, _SHIFT = (0.88, 1.08), 0.025  # how unlike one another squares around faces are


class Frames(NamedTuple):
    """A clip of all its people.

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
        seed: Of people and poses.
        number: From 0 on.
        count: Frames.
        size: Width and height in pixels.
        smooth: The frames are a video; else each is a moment of its own.
        people: Who plays it: the first, or the first two.
    """
    script = Script.draw(random_stream(seed, _POSES, number), count, smooth)
    played = [_play(random_stream(seed, _FACES, number, k), script, size) for k in range(people)]
    return Frames(np.stack([images for images, _ in played]),
                  np.stack([landmarks for _, landmarks in played]),
                  script.angles_deg(), script.expression())


@dataclasses.dataclass(frozen=True)
class Script:
    """What happens in a clip.

    Attributes:
        muscles: (T, M) values in the order of NAMES.
        move: (T, 3) shift of the person to the right and down and growth, of the square's side.
        scale: Size of the square around the face.
        shift: (2,) of that square, of its side.
    """

    muscles: Array
    move: Array
    scale: float
    shift: Array

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, smooth: bool = False) -> Script:
        """A random one."""
        turning = rng.random() < TURNING
        keys = -(-count // _KEY_FRAMES) + 1 if smooth else count
        muscles = np.stack([random_pose(rng, turning) for _ in range(keys)])
        spread = _MOVE_TURNING if turning else _MOVE
        move: Array = rng.standard_normal((keys, 3)) * (spread, spread, _GROW)
        if smooth:
            muscles, move = _smoothly(muscles, count), _smoothly(move, count)
        return cls(muscles, move, float(rng.uniform(*_SCALE)), rng.uniform(-_SHIFT, _SHIFT, 2))

    def state(self, t: int) -> dict[str, float]:
        """The muscles of frame t."""
        return dict(zip(NAMES, self.muscles[t].tolist(), strict=True))

    def angles_deg(self) -> Array:
        """(T, 3) yaw, pitch, roll of the head, whatever share the neck has."""
        columns = self.muscles[:, [NAMES.index(n) for n in _HEAD]]
        return np.stack([head_angles_deg(rotation(0, neck_pitch, neck_roll)
                                         @ rotation(yaw, pitch, roll))
                         for yaw, pitch, roll, neck_pitch, neck_roll in columns])

    def expression(self) -> Array:
        """(T, E)."""
        return self.muscles[:, _EXPRESSION_AT] / _EXPRESSION_UNITS


def random_pose(rng: np.random.Generator, turning: bool) -> Array:
    """(M,) muscles: the faces of `collection`, wider mouths, blinks, and a head of a person's."""
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
        state[name] = spread * float(np.clip(rng.standard_normal(), -_MOST_TURNS, _MOST_TURNS))
    turns = np.clip(rng.standard_normal(len(_HEAD)), -_MOST_TURNS, _MOST_TURNS)
    state.update(zip(_HEAD, (turns * (_TURNED if turning else _STILL)).tolist(), strict=True))
    return np.array([state[name] for name in NAMES])


@functools.lru_cache(maxsize=1)
def _robot() -> tuple[ControlSampler, FaceMap]:
    spec = load_spec('mock')
    return ControlSampler(spec), FaceMap(spec)


def _smoothly(keys: Array, count: int) -> Array:
    """(T, …) from one key to the next, at rest at each."""
    at = np.arange(count) / _KEY_FRAMES
    k = np.minimum(at.astype(int), len(keys) - 2)
    linear: Array = (at - k)[:, None]
    share: Array = linear * linear * (3 - 2 * linear)
    return keys[k] + share * (keys[k + 1] - keys[k])


def _play(rng: np.random.Generator, script: Script, size: int) -> tuple[Image, Array]:
    """A random person plays the script: (T, size, size, 3), and landmarks (T, 468, 2)."""
    own = _robot()[1].appearance
    look = with_random_lighting(rng, random_person(rng) if rng.random() < HUMAN_SHARE
                                else random_appearance(rng, own))
    drawn = size * max(1, -(-_SMALLEST_PX // size))
    face = VirtualFace(look, background=random_background(rng, own, drawn))
    face.camera = _framed(face, script, float(rng.uniform(*DISTANCE_CM)), drawn)
    images, landmarks = [], []
    camera = face.camera
    for t, move in enumerate(script.move):
        state = script.state(t)
        face.camera = _moved(camera, move)
        images.append(cv2.resize(face.render(state), (size, size), interpolation=cv2.INTER_AREA))
        landmarks.append(_normalised(face.landmarks(state)[:468, :2] * (size / drawn), size))
    return np.stack(images).astype(np.uint8), np.stack(landmarks)


def _framed(face: VirtualFace, script: Script, distance_cm: float, size: int) -> Camera:
    """The camera whose picture is the square that an animator takes of this clip."""
    face.camera = Camera((size, size), _PROVISIONAL_CM, distance_cm)
    boxes = [_box(face, script.state(t)) for t in range(len(script.muscles))]
    side = float(np.mean([b.size for b in boxes])) * script.scale
    centre = np.mean([b.centre for b in boxes], axis=0) - size / 2 + script.shift * side
    cm = _PROVISIONAL_CM / size
    return Camera((size, size), side * cm, distance_cm, (centre[0] * cm, -centre[1] * cm))


def _box(face: VirtualFace, state: dict[str, float]) -> Box:
    return TIGHT.box(face.landmarks(state))


def _moved(camera: Camera, move: Array) -> Camera:
    """The camera for a person who has moved in the picture; the room stays where it is."""
    right, down, growth = move.tolist()
    x, y = camera.centre_cm
    view = camera.view_cm
    return dataclasses.replace(camera, view_cm=view * (1 - growth),
                               centre_cm=(x - right * view, y + down * view))


def _normalised(pixels: Array, size: int) -> Array:
    """Pixels whose picture begins at 0 to [-1, 1] between the outermost pixels' centres."""
    return (2 * (pixels - 0.5) / (size - 1) - 1).astype(np.float32)
