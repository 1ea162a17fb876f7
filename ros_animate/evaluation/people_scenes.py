"""Rendered people who move about in one image, and where each of them is."""
from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ros_animate.camera.sources.demo import scene_muscles
from ros_animate.collection.appearances import random_person
from ros_animate.face.virtual import Appearance, Camera, VirtualFace
from ros_animate.types import Image, Motion

SIZE = (640, 480)
_NEAR_PX = 40.0
_SHIFT_S = 3.3  # between the scenes that two people play


class Place(NamedTuple):
    """A person in an image.

    Attributes:
        person: Number of the person, who looks the same in every image.
        x: Column of the middle of the head, in pixels.
        view_cm: Height of the view; the larger, the farther away is the person.
        y: Row of the middle of the head.
        muscles: Expression by muscles; None to play a scene.
    """

    person: int
    x: float
    view_cm: float
    y: float = 240.0
    muscles: Mapping[str, float] | None = None


def people_image(places: Sequence[Place], time_s: float = 0.0) -> Image:
    """(480, 640, 3) RGB; people who are nearer hide those behind them."""
    shade = np.linspace(90, 150, SIZE[1])[:, None, None]
    image = np.broadcast_to(shade, (*SIZE[::-1], 3)).astype(np.uint8)
    for place in sorted(places, key=lambda place: -place.view_cm):
        cm = place.view_cm / SIZE[1]
        centre = ((SIZE[0] / 2 - place.x) * cm, (place.y - SIZE[1] / 2) * cm)
        camera = Camera(SIZE, place.view_cm, 70.0, centre)
        muscles = place.muscles
        if muscles is None:
            muscles = scene_muscles(time_s + _SHIFT_S * place.person)
        image = VirtualFace(_appearance(place.person), camera, image).render(muscles)
    return image


def meeting(one: Place, other: Place, duration_s: float, fps: float,
            swing: float = 1.0) -> Iterator[tuple[float, list[Place]]]:
    """(time_s, places) of two people who walk to each other's place, or part of the way and back.

    Args:
        one: Place of a person at the start.
        other: Place of the other one.
        duration_s: How long they walk; they stand for 4 frames before and after.
        fps: Frames a second.
        swing: 1 to change places, less to turn back there.
    """
    count = round(duration_s * fps) + 8
    for k in range(count):
        share = float(np.clip((k - 4) / (count - 9), 0, 1))
        if swing < 1:
            share = swing * (1 - abs(2 * share - 1))
        way = share * (other.x - one.x)
        yield k / fps, [one._replace(x=one.x + way), other._replace(x=other.x - way)]


def random_meeting(seed: int) -> tuple[Place, Place, float, float]:
    """Two people, how long they walk, and the swing of their meeting."""
    rng = np.random.default_rng((5, seed))
    one, other = rng.choice(40, 2, replace=False)
    view_cm = float(rng.uniform(60, 80))
    places = (Place(int(one), 140, view_cm),
              Place(int(other), 500, view_cm * float(rng.uniform(0.8, 1.25)), 250))
    return (*places, float(rng.uniform(0.7, 2.5)), 1.0 if seed % 3 else 0.5)


def id_at(motions: Sequence[Motion], x: float) -> str | None:
    """Identity of the face in this column, None if there is none near it."""
    near = {abs(float(motion.landmarks[:, 0].mean()) - x): motion.face_id
            for motion in motions if motion.landmarks is not None}
    distance = min(near, default=np.inf)
    return near[distance] if distance < _NEAR_PX else None


@functools.lru_cache(maxsize=64)
def _appearance(person: int) -> Appearance:
    return random_person(np.random.default_rng((11, person)))
