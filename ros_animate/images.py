"""Image files and compressed images, read and written as (H, W, 3) uint8 RGB."""
from __future__ import annotations

import os
import pathlib

import cv2
import numpy as np

from ros_animate.errors import UserError
from ros_animate.files import write_atomically
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
        # OpenCV's own reader crashes over a name that is not UTF-8.
        return decode_image(pathlib.Path(path).read_bytes())
    except OSError:
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
        ImageFileError: The suffix is unknown.
        WriteError: The file cannot be written.
    """
    try:
        done, data = cv2.imencode(pathlib.Path(path).suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    except cv2.error as error:
        raise ImageFileError(_wrong_suffix(path)) from error
    if not done:
        raise ImageFileError(f'cannot write {path}: OpenCV cannot encode it')
    write_atomically(path, data.tobytes())


def check_image_suffix(path: str | os.PathLike[str]) -> None:
    """Raises ImageFileError if `write_image` does not know the suffix."""
    suffix = pathlib.Path(path).suffix
    if not suffix or not cv2.haveImageWriter(f'image{suffix}'):
        raise ImageFileError(_wrong_suffix(path))


def _wrong_suffix(path: str | os.PathLike[str]) -> str:
    return f'cannot write {path}: its suffix is not that of an image file, e.g. .png'


def _rgb(image: Image | None) -> Image | None:
    return None if image is None else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
