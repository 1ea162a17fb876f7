"""Random appearance of a face, lighting, camera and background."""
from __future__ import annotations

import dataclasses
from typing import Any

import cv2
import numpy as np

from ros_animate.face.virtual import HUMAN, Appearance, Camera
from ros_animate.face.virtual.appearance import Colour
from ros_animate.types import Array, Image

# Shares of appearances: the robot's own with small changes, another robot's; the rest are people.
OWN_SHARE, ROBOTIC_SHARE = 0.5, 0.25
SKINS = np.array([(246, 216, 196), (232, 190, 164), (222, 178, 152), (198, 150, 118),
                  (160, 112, 82), (118, 78, 56), (84, 56, 42)], float)
HAIR = np.array([(30, 24, 22), (58, 40, 30), (96, 66, 42), (150, 112, 70), (190, 180, 172)], float)
IRISES = np.array([(92, 66, 42), (66, 104, 138), (96, 122, 84), (60, 44, 34)], float)
CLOSE_VIEW_SHARE = 0.8  # of cameras that frame the face nearly as the robot's portrait does
PLAIN_BACKGROUND_SHARE = 0.6


def random_appearance(rng: np.random.Generator, own: Appearance) -> Appearance:
    """Colours and shape of a robot's or a person's face; the lighting stays.

    Args:
        rng: Random numbers.
        own: Appearance of the robot.
    """
    kind = rng.random()
    if kind < OWN_SHARE:
        return _varied(rng, own, colour=0.05, shape=0.02)
    if kind < OWN_SHARE + ROBOTIC_SHARE:
        return _robotic(rng, own)
    return random_person(rng)


def random_person(rng: np.random.Generator) -> Appearance:
    """Colours and shape of a human face."""
    skin = _between(rng, SKINS)
    hair = _between(rng, HAIR)
    lips = skin * (0.86, 0.62, 0.66) + rng.uniform(-10, 25) * np.array([1.0, 0.1, 0.2])
    appearance = dataclasses.replace(
        HUMAN, skin=_colour(skin), lips=_colour(lips), brows=_colour(hair * 0.9),
        shell=_colour(hair), neck=_colour(skin * 0.92), iris=_colour(IRISES[rng.integers(4)]),
        clothes=_colour(rng.uniform(20, 210, 3)), cheeks=float(rng.uniform(0.05, 0.45)),
        brow_density=float(rng.uniform(0.6, 1.0)))
    return _varied(rng, appearance, colour=0.04, shape=0.05)


def with_random_lighting(rng: np.random.Generator, appearance: Appearance) -> Appearance:
    """The appearance in random lighting, mostly from in front and above."""
    x, y = rng.uniform(-0.9, 0.9), rng.uniform(-0.2, 0.9)
    return dataclasses.replace(
        appearance, light=(float(x), float(y), float(rng.uniform(0.5, 1.0))),
        ambient=float(rng.uniform(0.35, 0.7)), specular=float(rng.uniform(0.0, 0.25)))


def random_camera(rng: np.random.Generator, size: int) -> Camera:
    """A square view of the face, mostly framed as the robot's portrait is."""
    if rng.random() < CLOSE_VIEW_SHARE:
        view_cm, shift_cm = rng.uniform(25.5, 28.5), rng.uniform(-0.6, 0.6, 2)
    else:
        view_cm, shift_cm = rng.uniform(24.0, 31.0), rng.uniform(-1.4, 1.4, 2)
    return Camera((size, size), float(view_cm), float(rng.uniform(50.0, 110.0)),
                  (float(shift_cm[0]), float(shift_cm[1])))


def random_background(rng: np.random.Generator, own: Appearance, size: int) -> Image:
    """(size, size, 3): the appearance's own gradient, other colours, or a blurred room."""
    ends = np.array(own.background, np.float32)
    if rng.random() > 0.4:
        ends = _muted(rng.uniform(10, 250, 3) + rng.uniform(-50, 50, (2, 3)), rng)
    share = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    background = np.repeat(ends[0] + share * (ends[1] - ends[0]), size, axis=1).astype(np.float32)
    if rng.random() > PLAIN_BACKGROUND_SHARE:
        cells = int(rng.integers(2, 9))
        clutter = _muted(rng.normal(0.0, rng.uniform(10, 70), (cells, cells, 3)), rng)
        background += cv2.resize(clutter, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(background, 0, 255).astype(np.uint8)


def _robotic(rng: np.random.Generator, own: Appearance) -> Appearance:
    """Another robot: grey or tinted skin, darker or brighter, with or without seams."""
    grey = rng.uniform(90, 235) + rng.normal(0, 8, 3)
    appearance = dataclasses.replace(
        own, skin=_colour(grey), lips=_colour(grey * rng.uniform(0.62, 0.95) * (1.06, 0.9, 0.92)),
        brows=_colour(grey * rng.uniform(0.3, 0.65)), shell=_colour(grey * rng.uniform(0.2, 0.9)),
        neck=_colour(grey * rng.uniform(0.4, 0.95)), clothes=_colour(rng.uniform(20, 200, 3)),
        iris=_colour(IRISES[rng.integers(4)]), brow_density=float(rng.uniform(0.3, 1.0)),
        seams=bool(rng.random() < 0.6))
    return _varied(rng, appearance, colour=0.03, shape=0.04)


def _varied(rng: np.random.Generator, appearance: Appearance, colour: float,
            shape: float) -> Appearance:
    """Small random changes of all colours and of the shape of the head."""
    changes: dict[str, Any] = {}
    for name in ('skin', 'lips', 'brows', 'shell', 'neck', 'clothes', 'teeth', 'gums', 'mouth'):
        factor = (1 + colour * rng.standard_normal()) * (1 + 0.4 * colour * rng.standard_normal(3))
        changes[name] = _colour(np.asarray(getattr(appearance, name)) * factor)
    scale = np.clip(1 + shape * rng.standard_normal(3), 1 - 2 * shape, 1 + 2 * shape)
    width, height, depth = np.asarray(appearance.shape) * scale
    return dataclasses.replace(appearance, **changes,
                               shape=(float(width), float(height), float(depth)))


def _muted(colours: Array, rng: np.random.Generator) -> Array:
    """(…, 3) float32 colours, less saturated, as in most rooms."""
    grey = colours.mean(-1, keepdims=True)
    return (grey + rng.uniform(0.0, 0.6) * (colours - grey)).astype(np.float32)


def _between(rng: np.random.Generator, colours: Array) -> Array:
    """(3,) a random colour on the line through a list of colours."""
    at = rng.uniform(0, len(colours) - 1)
    k = min(int(at), len(colours) - 2)
    return colours[k] + (at - k) * (colours[k + 1] - colours[k])


def _colour(values: Array) -> Colour:
    red, green, blue = np.clip(np.round(values), 0, 255).astype(int)
    return int(red), int(green), int(blue)
