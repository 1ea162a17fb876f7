"""A portrait and a driving clip with faces in them, made by the virtual face; small networks."""
from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from helpers import tiny_models

from ros_animate import plugins
from ros_animate.animation import neural
from ros_animate.face import finder
from ros_animate.outputs.video import VideoFile
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Array, Image


@pytest.fixture(scope='module', autouse=True)
def small_networks(one_thread: None) -> None:
    """The networks of these tests are small."""


@pytest.fixture(scope='module', autouse=True)
def remembered_faces() -> Iterator[None]:
    """Every image's face is searched once: the tracker takes longest to start."""
    known: dict[bytes, Array | None] = {}
    find_face = finder.find_face

    def remember(image: Image, search_squares: bool = True,
                 tracker: Any = None) -> Array | None:
        key = image.tobytes() + bytes(f'{image.shape} {search_squares}', 'ascii')
        if key not in known:
            known[key] = find_face(image, search_squares, tracker)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        for module in (neural, finder):
            patch.setattr(module, 'find_face', remember)
        yield


@pytest.fixture(scope='session')
def portrait() -> Image:
    """(400, 440, 3): the robot's face in a wider image."""
    face = plugins.load('hardware', 'mock', {'size': 256}, load_spec('ameca')).render()
    return np.pad(face, ((72, 72), (92, 92), (0, 0)), mode='edge')


@pytest.fixture(scope='session')
def portrait_file(portrait: Image, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp('portrait') / 'portrait.png'
    cv2.imwrite(str(path), cv2.cvtColor(portrait, cv2.COLOR_RGB2BGR))
    return path


@pytest.fixture(scope='session')
def frames() -> list[Image]:
    """Six images of a performing face: neutral, neutral, smiling, laughing, neutral, amazed."""
    with plugins.load('camera', 'demo', {'fps': 1.0, 'size': 320}) as source:
        return [source.read().image for _ in range(6)]


@pytest.fixture(scope='session')
def clip(frames: list[Image], tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A video of them."""
    path = tmp_path_factory.mktemp('clip') / 'driving.mp4'
    with VideoFile(path, 10.0) as video:
        for frame in frames:
            video.write(frame)
    return path


@pytest.fixture(scope='session')
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    """A checkpoint folder for each family."""
    folder = tmp_path_factory.mktemp('weights')
    return {family: tiny_models.save(family, folder / family)
            for family in tiny_models.FAMILIES}
