"""Files that a browser sends: checked, and kept under names of our own."""
from __future__ import annotations

import hashlib
import os
import pathlib

from ros_animate.errors import UserError, cut
from ros_animate.files import naming_write_errors, write_atomically
from ros_animate.images import ImageSizeError, decode_image, write_image
from ros_animate.limits import MIB, YAML_BYTES
from ros_animate.robot.descriptions import load_spec

IMAGE_BYTES = 16 * MIB
IMAGE_PIXELS = 2 ** 25
MOST = 20  # of each kind are kept


class UploadError(UserError):
    """A file is not what it should be; the message says why."""


def keep_portrait(content: bytes, folder: pathlib.Path | None = None) -> pathlib.Path:
    """Keeps an image, decoded and written anew; raises UserError."""
    if len(content) > IMAGE_BYTES:
        raise UploadError(f'{len(content)} bytes; an image has at most {IMAGE_BYTES}')
    try:
        image = decode_image(content, IMAGE_PIXELS)
    except ImageSizeError as error:
        raise UploadError(str(error)) from error
    if image is None:
        raise UploadError('this is no complete image (JPEG, PNG, WebP, BMP, TIFF)')
    path = _prepared(folder) / f'portrait-{_digest(content)}.png'
    write_image(path, image)
    _forget_old(path, 'portrait-*.png')
    return path


def keep_robot(content: bytes, folder: pathlib.Path | None = None) -> pathlib.Path:
    """Keeps a robot file after it was read without a mistake; raises UserError."""
    if len(content) > YAML_BYTES:
        raise UploadError(f'{len(content)} bytes; a robot file has at most {YAML_BYTES}')
    path = _prepared(folder) / f'robot-{_digest(content)}.yaml'
    write_atomically(path, content)
    try:
        load_spec(path)
    except UserError as error:
        path.unlink(missing_ok=True)
        raise UploadError(cut(str(error).replace(str(path), 'the robot file'), 600)) from error
    _forget_old(path, 'robot-*.yaml')
    return path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _prepared(folder: pathlib.Path | None) -> pathlib.Path:
    home = os.environ.get('ROS_HOME') or os.path.expanduser('~/.ros')
    made = folder or pathlib.Path(home) / 'ros_animate' / 'uploads'
    with naming_write_errors(made):
        made.mkdir(parents=True, exist_ok=True)
    return made


def _forget_old(newest: pathlib.Path, pattern: str) -> None:
    files = sorted(newest.parent.glob(pattern), key=lambda path: path.stat().st_mtime)
    for path in files[:-MOST]:
        if path != newest:
            path.unlink(missing_ok=True)
