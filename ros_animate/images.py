"""Image files and compressed images, read and written as (H, W, 3) uint8 RGB."""
from __future__ import annotations

import os
import pathlib

import cv2
import numpy as np

from ros_animate import limits
from ros_animate.documents import DocumentError, regular_file
from ros_animate.errors import UserError
from ros_animate.files import write_atomically
from ros_animate.image_sizes import has_jpeg_end, image_size
from ros_animate.types import Image


class ImageFileError(UserError):
    """An image file cannot be read or written; the message names it."""


class ImageSizeError(ImageFileError):
    """An image claims to have more pixels than are decoded."""


def read_image(path: str | os.PathLike[str]) -> Image:
    """(H, W, 3) uint8 RGB of an image file: upright, grey as RGB, 8 bits, without transparency.

    Raises:
        ImageFileError: There is no such file, it is not an image that OpenCV reads, it is
            incomplete, or it claims to be larger than limits.IMAGE_PIXELS.
    """
    file = pathlib.Path(path).expanduser()
    try:
        there = file.is_file()
    except (OSError, ValueError) as error:  # a folder that may not be entered, a null character
        raise ImageFileError(f'cannot read {path}: {_reason(error)}') from error
    if not there:
        raise ImageFileError(f'there is no image {str(path)!r}; check the path')
    image = _decode_file(file)
    if image is None:
        raise ImageFileError(f'{path} cannot be read as an image; give a JPEG, PNG, BMP, TIFF or '
                             'WebP file')
    return image


def try_read_image(path: str | os.PathLike[str]) -> Image | None:
    """(H, W, 3) uint8 RGB of an image file; None if it is missing or not an image."""
    try:
        return _decode_file(path)
    except ImageFileError:
        return None


def _decode_file(path: str | os.PathLike[str]) -> Image | None:
    """The image in a file, None if it is missing or not one.

    Raises:
        ImageSizeError: It claims to be too large.
        ImageFileError: It cannot be read, or is an image that cannot be decoded.
    """
    try:
        regular_file(path, limits.IMAGE_BYTES)
        # OpenCV's own reader crashes over a name that is not UTF-8.
        content = pathlib.Path(path).read_bytes()
        image = decode_image(content, limits.IMAGE_PIXELS)
        size = image_size(content) if image is None else None
        if size is not None:
            raise ImageFileError(
                f'{path} is an image of {size[0]} x {size[1]} pixels that cannot be read: it is '
                'incomplete or damaged, or of a kind that OpenCV does not know; copy it again, or '
                'save it as JPEG or PNG')
        return image
    except ImageSizeError as error:
        raise ImageSizeError(f'{path}: {error}') from error
    except DocumentError as error:
        raise ImageFileError(f'{path} cannot be read as an image: {error}') from error
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ImageFileError(f'cannot read {path}: {_reason(error)}') from error


def _reason(error: Exception) -> str:
    return getattr(error, 'strerror', None) or str(error)


def decode_image(data: bytes | Image, max_pixels: int = limits.FRAME_PIXELS) -> Image | None:
    """(H, W, 3) uint8 RGB of the content of an image file; None if it is not a complete image.

    Args:
        data: The content of the file.
        max_pixels: Most pixels; the header is read before anything is decoded.

    Raises:
        ImageSizeError: The image claims to be larger.
    """
    content = np.frombuffer(data, np.uint8)
    size = image_size(content.data) if content.size else None
    if size is None or not all(size):
        return None
    if size[0] * size[1] > max_pixels:
        raise ImageSizeError(f'an image of {size[0]} x {size[1]} pixels is too large; at most '
                             f'{max_pixels / 1e6:.0f} million pixels are read')
    if not has_jpeg_end(content.data):  # older versions of OpenCV fill the rest with grey
        return None
    try:
        return _rgb(cv2.imdecode(content, cv2.IMREAD_COLOR))
    except (cv2.error, MemoryError):
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
