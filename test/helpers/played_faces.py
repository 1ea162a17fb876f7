"""Short clips of the virtual face, for tests."""
from __future__ import annotations

import functools

import numpy as np

from ros_animate.collection.appearances import (
    random_background,
    random_person,
    with_random_lighting,
)
from ros_animate.evaluation.animation.tasks import Clip
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.face.virtual.muscles import MUSCLES


@functools.lru_cache
def clip(person: int, count: int = 12, size: int = 128) -> Clip:
    """A random person opens the mouth, raises the brows and turns the head, again and again."""
    rng = np.random.default_rng((7, person))
    appearance = with_random_lighting(rng, random_person(rng))
    face = VirtualFace(appearance, Camera((size, size), 27.0),
                       random_background(rng, appearance, size))
    start = rng.uniform(0, 6)
    frames = []
    for k in range(count):
        wave = (1 - np.cos(2 * np.pi * k / 8 + start)) / 2
        brows = {name: MUSCLES[name] + 0.7 * wave for name in MUSCLES if 'brow' in name}
        frames.append(face.render({**brows, 'jaw_open': 0.6 * wave,
                                   'head_yaw': 24 * wave - 12}))
    return Clip(f'person {person}', np.stack(frames))
