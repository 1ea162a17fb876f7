"""The portrait that is animated."""
from __future__ import annotations

import pathlib

from ros_animate.animation.base import SourceImageError
from ros_animate.images import ImageFileError, read_image
from ros_animate.plugins import load
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Image

RENDERED_SIZE = 512


def source_image(path: str, spec: RobotSpec) -> Image:
    """(H, W, 3) uint8 RGB: the image file at `path`, or the robot's virtual face if it is ''.

    Raises:
        SourceImageError: The file cannot be read as an image.
    """
    if not path:
        return load('hardware', 'mock', {'size': RENDERED_SIZE}, spec).render()
    return read_source_image(path)


def read_source_image(path: str) -> Image:
    """(H, W, 3) uint8 RGB of an image file: upright, grey as RGB, without transparency.

    Raises:
        SourceImageError: The file cannot be read as an image.
    """
    file = pathlib.Path(path).expanduser()
    if not file.is_file():
        raise SourceImageError(f'there is no portrait {path!r}')
    try:
        return read_image(file)
    except ImageFileError as error:
        raise SourceImageError(str(error)) from error
