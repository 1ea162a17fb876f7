"""The newest picture of an image topic, for programs that are no nodes."""
from __future__ import annotations

import contextlib
import threading

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage

from ros_animate.nodes.conversions import MessageError, image_from_compressed, image_from_message
from ros_animate.nodes.stage_node import NEWEST
from ros_animate.types import Image


class ImageListener:
    """A node of its own, in a context of its own; a context manager.

    Args:
        topic: Of Image messages, or of CompressedImage if its last part is 'compressed'.

    Attributes:
        trouble: Why the last message is no picture, '' if it is one.
    """

    def __init__(self, topic: str) -> None:
        self.trouble = ''
        self._lock = threading.Lock()
        self._count = 0
        self._image: Image | None = None
        self._context = rclpy.Context()
        self._context.init()
        self._node = rclpy.create_node('image_listener', context=self._context)
        compressed = topic.rsplit('/', 1)[-1] == 'compressed'
        self._read = image_from_compressed if compressed else image_from_message
        self._node.create_subscription(CompressedImage if compressed else ImageMessage, topic,
                                       self._hear, NEWEST)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name='image_listener', daemon=True)
        self._thread.start()

    def __enter__(self) -> ImageListener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def newest(self) -> tuple[int, Image | None]:
        """How many pictures came so far, and the last one, (H, W, 3) uint8 RGB."""
        with self._lock:
            return self._count, self._image

    def close(self) -> None:
        """Ends the node."""
        self._context.try_shutdown()
        self._thread.join()
        self._node.destroy_node()

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _hear(self, message: ImageMessage | CompressedImage) -> None:
        try:
            image = self._read(message)
        except MessageError as error:
            self.trouble = str(error)
            return
        with self._lock:
            self._count, self._image, self.trouble = self._count + 1, image, ''
