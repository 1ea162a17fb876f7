"""Rendered people who move about in one image."""
from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ros_animate.camera.sources.demo import scene_muscles
from ros_animate.collection.appearances import random_person
from ros_animate.face.virtual import Camera, VirtualFace

SIZE = (640, 480)


class Place(NamedTuple):
    """A person in an image.

    Attributes:
        person: Number of the person, who looks the same in every image.
        x: Column of the middle of the head, in pixels.
        view_cm: Height of the view; the larger, the farther away is the person.
        y: Row of the middle of the head.
        muscles: Expression by muscles; None to play a scene.
    """

    person: int
    x: float
    view_cm: float
    y: float = 240.0
    muscles: dict[str, float] | None = None


@functools.lru_cache
def _face(person):
    return VirtualFace(random_person(np.random.default_rng((11, person))))


def people_image(places: Sequence[Place], time_s: float = 0.0):
    """(480, 640, 3) RGB; people who are nearer hide those behind them."""
    shade = np.linspace(90, 150, SIZE[1])[:, None, None]
    image = np.broadcast_to(shade, (*SIZE[::-1], 3)).astype(np.uint8)
    for place in sorted(places, key=lambda place: -place.view_cm):
        face = _face(place.person)
        cm = place.view_cm / SIZE[1]
        centre = ((SIZE[0] / 2 - place.x) * cm, (place.y - SIZE[1] / 2) * cm)
        camera = Camera(SIZE, place.view_cm, 70.0, centre)
        painter = VirtualFace(face.appearance, camera, image)
        muscles = place.muscles
        image = painter.render(scene_muscles(time_s + 3.3 * place.person)
                               if muscles is None else muscles)
    return image


def id_at(motions, x):
    """Identity of the face in this column, None if there is none within 40 pixels."""
    near = {abs(motion.landmarks[:, 0].mean() - x): motion.face_id for motion in motions}
    distance = min(near, default=np.inf)
    return near[distance] if distance < 40 else None


class People:
    """A camera that sees people, again and again; needs ROS."""

    def __init__(self, observer, places, topic='image_raw'):
        from sensor_msgs.msg import Image

        from helpers.ros_helpers import CAMERA
        self._node, self._image_class = observer.node, Image
        self.see(places)
        self._publisher = self._node.create_publisher(Image, topic, CAMERA)
        self._node.create_timer(0.1, self._publish)

    def see(self, places):
        """Shows other people from now on."""
        image = people_image(places)
        self._message = self._image_class(
            height=SIZE[1], width=SIZE[0], encoding='rgb8', step=3 * SIZE[0], data=image.tobytes())

    def _publish(self):
        message = self._message
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.header.frame_id = 'camera'
        self._publisher.publish(message)
