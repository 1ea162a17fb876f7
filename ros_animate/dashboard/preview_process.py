"""A process that makes the images of the dashboard, with a low priority.

It listens to camera and animated portrait, and draws the virtual face of the robot: to subscribe to
robot/image_raw would let the hardware node draw, beside the commands. Argument: the namespace.

Lines of JSON come in: {"watch": true or false}, or {"robot": NAME, "position": [...]} in the
robot's units. Images go out: a HEADER and a JPEG file, of length 0 for a robot that cannot be
drawn. It ends with its input.
"""
from __future__ import annotations

import functools
import json
import os
import struct
import sys
import threading
import time
from typing import Any

import cv2
import numpy as np

from ros_animate.errors import UserError
from ros_animate.face.virtual import Camera, VirtualFace
from ros_animate.images import encode_jpeg
from ros_animate.nodes.remote.polled import PolledSubscriptions
from ros_animate.nodes.remote.previews import Preview, PreviewMaker
from ros_animate.nodes.remote.subscriptions import VIEWS, Subscriptions
from ros_animate.nodes.spinner import BackgroundNode
from ros_animate.robot.descriptions import load_spec
from ros_animate.robot.face_map import FaceMap
from ros_animate.scheduling import GivingWay

HEADER = struct.Struct('<BHHI')  # number of the view in VIEWS, width, height, bytes of the file
LISTENED = ('camera', 'animated')
SIZE, VIEW_CM = 320, 27.0
QUALITY = 75


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


class ImageOutput:
    """Writes images to the standard output; may be used by several threads."""

    def __init__(self) -> None:
        self._lock, self._numbers = threading.Lock(), {view: k for k, view in enumerate(VIEWS)}

    def write(self, view: str, preview: Preview) -> None:
        """Writes one image."""
        header = HEADER.pack(self._numbers[view], *preview.size, len(preview.jpeg))
        with self._lock:
            sys.stdout.buffer.write(header + preview.jpeg)
            sys.stdout.buffer.flush()


def main() -> int:
    """Answers until its input ends."""
    cv2.setNumThreads(1)
    output = ImageOutput()
    background = BackgroundNode(f'dashboard_images_{os.getpid()}')
    polled = PolledSubscriptions(background.node)
    subscriptions = Subscriptions(background.node, sys.argv[1], polled, LISTENED, streams=())
    previews = PreviewMaker(polled.take, LISTENED, output.write)
    giving_way = GivingWay()
    try:
        for line in sys.stdin:
            request: dict[str, Any] = json.loads(line)
            if 'watch' in request:
                subscriptions.is_watched = request['watch']
            else:
                output.write('robot', Preview(drawn(**request), (SIZE, SIZE)))
                time.sleep(giving_way.rest_s())
    except BrokenPipeError:  # the dashboard has ended
        os._exit(0)
    previews.close()
    background.close()
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
