"""A process that draws the virtual face of a robot: lines of JSON come in, JPEG files go out.

A line is {"robot": NAME, "position": [...]} in the robot's units. The answer is the length of a
JPEG file in 4 bytes, little endian, and the file; length 0 if the robot has no face. It ends with
its input.
"""
from __future__ import annotations

import functools
import json
import struct
import sys

import cv2
import numpy as np

from ros_animate.errors import UserError
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.images import encode_jpeg
from ros_animate.processes import lower_priority
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap

SIZE, VIEW_CM = 320, 27.0
QUALITY, NICE = 75, 10


@functools.lru_cache(maxsize=2)
def face_of(robot: str) -> tuple[FaceMap, VirtualFace] | None:
    """Map and virtual face of a robot; None if it has no face that can be drawn."""
    try:
        face_map = FaceMap(load_spec(robot))
    except UserError:
        return None
    return face_map, VirtualFace(face_map.appearance, Camera((SIZE, SIZE), VIEW_CM))


def drawn(robot: str, position: list[float]) -> bytes:
    """A JPEG file of the robot in a pose, b'' if it cannot be drawn."""
    face = face_of(robot)
    if face is None:
        return b''
    face_map, virtual_face = face
    try:
        image = virtual_face.render(face_map.muscles(np.array(position)))
    except (IndexError, ValueError):  # the pose of another robot
        return b''
    return encode_jpeg(image, QUALITY)


def main() -> int:
    """Answers until its input ends."""
    lower_priority(nice=NICE)
    cv2.setNumThreads(1)
    for line in sys.stdin:
        content = drawn(**json.loads(line))
        sys.stdout.buffer.write(struct.pack('<I', len(content)) + content)
        sys.stdout.buffer.flush()
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
