"""Image files and compressed images, read and written as (H, W, 3) uint8 RGB."""
from __future__ import annotations

import os
import pathlib

import cv2
import numpy as np

from ros_animate.errors import UserError
from ros_animate.files import atomic_path
from ros_animate.types import Image


class ImageFileError(UserError):
    """An image file cannot be read or written; the message names it."""


def read_image(path: str | os.PathLike[str]) -> Image:
    """(H, W, 3) uint8 RGB of an image file: upright, grey as RGB, 8 bits, without transparency.

    Raises:
        ImageFileError: There is no such file, or it is not an image that OpenCV reads.
    """
    file = pathlib.Path(path).expanduser()
    if not file.is_file():
        raise ImageFileError(f'there is no image {str(path)!r}; check the path')
    image = try_read_image(file)
    if image is None:
        raise ImageFileError(f'{path} cannot be read as an image; give a JPEG, PNG, BMP, TIFF or '
                             'WebP file')
    return image


def try_read_image(path: str | os.PathLike[str]) -> Image | None:
    """(H, W, 3) uint8 RGB of an image file; None if it is missing or not an image."""
    try:
        return _rgb(cv2.imread(os.fspath(path), cv2.IMREAD_COLOR))
    except cv2.error:  # an image that is larger than OpenCV allows
        return None


def decode_image(data: bytes | Image) -> Image | None:
    """(H, W, 3) uint8 RGB of the content of an image file; None if it is not an image."""
    content = np.frombuffer(data, np.uint8)
    if not content.size:
        return None
    try:
        return _rgb(cv2.imdecode(content, cv2.IMREAD_COLOR))
    except cv2.error:
        return None


def encode_jpeg(image: Image, quality: int) -> bytes:
    """Content of a JPEG file.

    Args:
        image: (H, W, 3) uint8 RGB.
        quality: 1 to 100.

    Raises:
        ImageFileError: OpenCV was built without JPEG.
    """
    done, data = cv2.imencode('.jpg', cv2.cvtColor(image, cv2.COLOR_RGB2BGR),
                              [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ImageFileError('OpenCV cannot write JPEG here')
    return data.tobytes()


def write_image(path: str | os.PathLike[str], image: Image) -> None:
    """Writes (H, W, 3) uint8 RGB atomically; the suffix gives the format.

    Raises:
        ImageFileError: The suffix is unknown, or the file cannot be written.
    """
    try:
        with atomic_path(path) as temporary:
            if not cv2.imwrite(os.fspath(temporary), cv2.cvtColor(image, cv2.COLOR_RGB2BGR)):
                raise ImageFileError(f'cannot write {path}')
    except cv2.error as error:
        raise ImageFileError(f'cannot write {path}: its suffix is not that of an image file, e.g. '
                             '.png') from error
    except OSError as error:
        raise ImageFileError(f'cannot write {path}: {error.strerror}') from error


def _rgb(image: Image | None) -> Image | None:
    return None if image is None else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
