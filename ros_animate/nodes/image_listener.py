"""The newest image of a topic, for programs that are not nodes."""
from __future__ import annotations

import threading

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage

from ros_animate.nodes.conversions import MessageError, image_from_message
from ros_animate.nodes.qos import NEWEST
from ros_animate.nodes.spinner import BackgroundNode
from ros_animate.nodes.topics import COMPRESSED
from ros_animate.types import Image


class ImageListener:
    """Subscription to an image topic; a context manager.

    Args:
        topic: Topic of Image messages, or of CompressedImage if it ends with '/compressed'.

    Attributes:
        trouble: Error in the last message, '' if it is an image.
    """

    def __init__(self, topic: str) -> None:
        self.trouble = ''
        self._lock = threading.Lock()
        self._count = 0
        self._image: Image | None = None
        self._background = BackgroundNode('image_listener')
        message_class = CompressedImage if f'/{topic}'.endswith(COMPRESSED) else ImageMessage
        self._background.node.create_subscription(message_class, topic, self._receive, NEWEST)

    def __enter__(self) -> ImageListener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def newest(self) -> tuple[int, Image | None]:
        """(number of images so far, the last one as (H, W, 3) uint8 RGB)."""
        with self._lock:
            return self._count, self._image

    def close(self) -> None:
        """Ends the node."""
        self._background.close()

    def _receive(self, message: ImageMessage | CompressedImage) -> None:
        try:
            image = image_from_message(message)
        except MessageError as error:
            self.trouble = str(error)
            return
        with self._lock:
            self._count, self._image, self.trouble = self._count + 1, image, ''
