"""Calibrations of cameras in the YAML format of ROS's camera_calibration."""
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ros_animate.documents import DocumentError, parse_yaml, read_text
from ros_animate.errors import UserError, shown
from ros_animate.limits import IMAGE_SIDE

# Coefficients of a distortion model: 4 to 14.
MAX_COEFFICIENTS = 14
MAX_NUMBER = 1e9
_MATRICES = {'camera_matrix': (3, 3), 'rectification_matrix': (3, 3), 'projection_matrix': (3, 4)}


class CalibrationError(UserError, ValueError):
    """A calibration cannot be used; the message names file, entry and value."""


@dataclass(frozen=True)
class Calibration:
    """Intrinsic calibration of a camera, in pixels of its images.

    Attributes:
        width: Width of the images.
        height: Height of the images.
        distortion_model: Name of the model, e.g. plumb_bob.
        distortion: Its coefficients.
        camera_matrix: Nine numbers, row by row.
        rectification: Nine numbers, row by row.
        projection: Twelve numbers, row by row.
    """

    width: int
    height: int
    distortion_model: str
    distortion: tuple[float, ...]
    camera_matrix: tuple[float, ...]
    rectification: tuple[float, ...]
    projection: tuple[float, ...]


def read_calibration(path: str | os.PathLike[str]) -> Calibration:
    """The calibration in a file; raises CalibrationError."""
    try:
        content = parse_yaml(read_text(path))
        if not isinstance(content, Mapping):
            raise CalibrationError(f'expected keys and values, got {shown(content)}')
        return _calibration(content)
    except (DocumentError, CalibrationError) as error:
        raise CalibrationError(f'camera_info_url: {path}: {error}') from error


def _calibration(content: Mapping[str, Any]) -> Calibration:
    sizes = [_size(content, key) for key in ('image_width', 'image_height')]
    model = content.get('distortion_model', 'plumb_bob')
    if not isinstance(model, str):
        raise CalibrationError(f'distortion_model: expected a name, got {shown(model)}')
    matrices = [_numbers(content, key, *shape) for key, shape in _MATRICES.items()]
    return Calibration(sizes[0], sizes[1], model, _distortion(content), *matrices)


def _size(content: Mapping[str, Any], key: str) -> int:
    value = content.get(key)
    if type(value) is not int or not 0 < value <= IMAGE_SIDE:
        raise CalibrationError(f'{key}: expected an integer of 1 to {IMAGE_SIDE}, got '
                               f'{shown(value)}')
    return value


def _distortion(content: Mapping[str, Any]) -> tuple[float, ...]:
    data = _data(content, 'distortion_coefficients')
    if len(data) > MAX_COEFFICIENTS:
        raise CalibrationError(f'distortion_coefficients: {len(data)} numbers; at most '
                               f'{MAX_COEFFICIENTS} are known')
    return data


def _numbers(content: Mapping[str, Any], key: str, rows: int, columns: int) -> tuple[float, ...]:
    data = _data(content, key)
    if len(data) != rows * columns:
        raise CalibrationError(f'{key}: expected {rows * columns} numbers ({rows} x {columns}), '
                               f'got {len(data)}')
    return data


def _data(content: Mapping[str, Any], key: str) -> tuple[float, ...]:
    section = content.get(key)
    data = section.get('data') if isinstance(section, Mapping) else None
    # A comparison with NaN is false.
    if not isinstance(data, list) or not all(
            type(x) in (int, float) and abs(x) < MAX_NUMBER for x in data):
        raise CalibrationError(f'{key}.data: expected finite numbers, got {shown(data)}')
    return tuple(map(float, data))
