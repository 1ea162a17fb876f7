"""The portrait that is animated."""
from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import cv2

from ros_animate.animation.base import SourceImageError
from ros_animate.plugins import load
from ros_animate.types import Image

if TYPE_CHECKING:
    from ros_animate.robot.spec import RobotSpec

RENDERED_SIZE = 512


def source_image(path: str, spec: RobotSpec) -> Image:
    """(H, W, 3) uint8 RGB: the picture file at `path`, or the robot's virtual face if it is ''.

    Raises:
        SourceImageError: The file cannot be read as a picture.
    """
    if not path:
        return load('hardware', 'mock', {'size': RENDERED_SIZE}, spec).render()
    return read_picture(path)


def read_picture(path: str) -> Image:
    """(H, W, 3) uint8 RGB of a picture file: upright, grey as RGB, without transparency.

    Raises:
        SourceImageError: The file cannot be read as a picture.
    """
    file = pathlib.Path(path).expanduser()
    if not file.is_file():
        raise SourceImageError(f'there is no portrait {path!r}')
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise SourceImageError(f'{path} cannot be read as a picture')
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
