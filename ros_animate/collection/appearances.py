"""Random looks, light, camera and background around a robot's own."""
from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np

from ros_animate.face.virtual import HUMAN, Appearance, Camera
from ros_animate.face.virtual.appearance import Colour
from ros_animate.types import Array, Image

# Shares of looks: the robot's own with small changes, another robot's; the rest are people.
OWN, ROBOTIC = 0.5, 0.25
SKINS = np.array([(246, 216, 196), (232, 190, 164), (222, 178, 152), (198, 150, 118),
                  (160, 112, 82), (118, 78, 56), (84, 56, 42)], float)
HAIR = np.array([(30, 24, 22), (58, 40, 30), (96, 66, 42), (150, 112, 70), (190, 180, 172)], float)
IRISES = np.array([(92, 66, 42), (66, 104, 138), (96, 122, 84), (60, 44, 34)], float)
CLOSE_VIEW = 0.8  # how often the camera is nearly where the portrait is taken from
PLAIN_BACKGROUND = 0.6


def random_look(rng: np.random.Generator, own: Appearance) -> Appearance:
    """Colours and shape of one face; the light is `lit`'s."""
    kind = rng.random()
    if kind < OWN:
        return _varied(rng, own, colour=0.05, shape=0.02)
    if kind < OWN + ROBOTIC:
        return _robotic(rng, own)
    return random_person(rng)


def random_person(rng: np.random.Generator) -> Appearance:
    """A human face of any skin, hair and eyes."""
    skin = _between(rng, SKINS)
    hair = _between(rng, HAIR)
    lips = skin * (0.86, 0.62, 0.66) + rng.uniform(-10, 25) * np.array([1.0, 0.1, 0.2])
    look = dataclasses.replace(
        HUMAN, skin=_colour(skin), lips=_colour(lips), brows=_colour(hair * 0.9),
        shell=_colour(hair), neck=_colour(skin * 0.92), iris=_colour(IRISES[rng.integers(4)]),
        clothes=_colour(rng.uniform(20, 210, 3)), cheeks=float(rng.uniform(0.05, 0.45)),
        brow_density=float(rng.uniform(0.6, 1.0)))
    return _varied(rng, look, colour=0.04, shape=0.05)


def lit(rng: np.random.Generator, look: Appearance) -> Appearance:
    """The look in another light, from in front and above more often than not."""
    x, y = rng.uniform(-0.9, 0.9), rng.uniform(-0.2, 0.9)
    return dataclasses.replace(
        look, light=(float(x), float(y), float(rng.uniform(0.5, 1.0))),
        ambient=float(rng.uniform(0.35, 0.7)), specular=float(rng.uniform(0.0, 0.25)))


def random_camera(rng: np.random.Generator, size: int) -> Camera:
    """A square picture of the face, mostly framed as the robot's portrait is."""
    if rng.random() < CLOSE_VIEW:
        view_cm, shift_cm = rng.uniform(25.5, 28.5), rng.uniform(-0.6, 0.6, 2)
    else:
        view_cm, shift_cm = rng.uniform(24.0, 31.0), rng.uniform(-1.4, 1.4, 2)
    return Camera((size, size), float(view_cm), float(rng.uniform(50.0, 110.0)),
                  (float(shift_cm[0]), float(shift_cm[1])))


def random_background(rng: np.random.Generator, own: Appearance, size: int) -> Image:
    """(size, size, 3): the look's gradient, other colours, or something out of focus."""
    ends = np.array(own.background, np.float32)
    if rng.random() > 0.4:
        ends = _muted(rng.uniform(10, 250, 3) + rng.uniform(-50, 50, (2, 3)), rng)
    share = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    picture = np.repeat(ends[0] + share * (ends[1] - ends[0]), size, axis=1).astype(np.float32)
    if rng.random() > PLAIN_BACKGROUND:
        cells = int(rng.integers(2, 9))
        clutter = _muted(rng.normal(0.0, rng.uniform(10, 70), (cells, cells, 3)), rng)
        picture += cv2.resize(clutter, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _robotic(rng: np.random.Generator, own: Appearance) -> Appearance:
    """Grey or tinted skin, darker or brighter, with seams or without."""
    grey = rng.uniform(90, 235) + rng.normal(0, 8, 3)
    look = dataclasses.replace(
        own, skin=_colour(grey), lips=_colour(grey * rng.uniform(0.62, 0.95) * (1.06, 0.9, 0.92)),
        brows=_colour(grey * rng.uniform(0.3, 0.65)), shell=_colour(grey * rng.uniform(0.2, 0.9)),
        neck=_colour(grey * rng.uniform(0.4, 0.95)), clothes=_colour(rng.uniform(20, 200, 3)),
        iris=_colour(IRISES[rng.integers(4)]), brow_density=float(rng.uniform(0.3, 1.0)),
        seams=bool(rng.random() < 0.6))
    return _varied(rng, look, colour=0.03, shape=0.04)


def _varied(rng: np.random.Generator, look: Appearance, colour: float, shape: float) -> Appearance:
    """All colours and the shape of the head a little different."""
    changes: dict[str, Any] = {}
    for name in ('skin', 'lips', 'brows', 'shell', 'neck', 'clothes', 'teeth', 'gums', 'mouth'):
        factor = (1 + colour * rng.standard_normal()) * (1 + 0.4 * colour * rng.standard_normal(3))
        changes[name] = _colour(np.asarray(getattr(look, name)) * factor)
    wider = 1 + shape * rng.standard_normal(3)
    width, height, depth = np.asarray(look.shape) * np.clip(wider, 1 - 2 * shape, 1 + 2 * shape)
    return dataclasses.replace(look, **changes, shape=(float(width), float(height), float(depth)))


def _muted(colours: Array, rng: np.random.Generator) -> Array:
    """(…, 3) float32 less colourful, as most rooms are."""
    grey = colours.mean(-1, keepdims=True)
    return (grey + rng.uniform(0.0, 0.6) * (colours - grey)).astype(np.float32)


def _between(rng: np.random.Generator, colours: Array) -> Array:
    """(3,) a colour somewhere along a list."""
    at = rng.uniform(0, len(colours) - 1)
    k = min(int(at), len(colours) - 2)
    return colours[k] + (at - k) * (colours[k + 1] - colours[k])


def _colour(values: Array) -> Colour:
    red, green, blue = np.clip(np.round(values), 0, 255).astype(int)
    return int(red), int(green), int(blue)
