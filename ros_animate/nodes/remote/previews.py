"""Small JPEG previews of image topics, made in a thread of low priority."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
from rclpy.serialization import deserialize_message

from ros_animate.images import encode_jpeg
from ros_animate.nodes.conversions import MessageError, image_from_message
from ros_animate.processes import lower_priority
from ros_animate.types import Image

RATE_HZ = 15.0
MAX_SIDE = 480
QUALITY = 70
NICE = 10
# A camera of 30 images a second would else lose every third of the wanted ones to jitter.
_PERIOD_S = 0.9 / RATE_HZ


@dataclass(frozen=True)
class Preview:
    """One small image.

    Attributes:
        number: Counts the previews of a view.
        jpeg: Content of a JPEG file.
        size: (width, height) of the image that it shows, in pixels.
    """

    number: int
    jpeg: bytes
    size: tuple[int, int]


class PreviewMaker:
    """Makes previews of the newest images, at most RATE_HZ a second of each view.

    Images that come while one is made replace each other, so nothing waits and nothing piles up.

    Args:
        on_preview: Called in the maker's thread with the name of the view and the preview.
    """

    def __init__(self, on_preview: Callable[[str, Preview], None]) -> None:
        self._on_preview = on_preview
        self._waiting: dict[str, tuple[bytes, Any]] = {}
        self._due_s: dict[str, float] = {}
        self._numbers: dict[str, int] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name='previews', daemon=True)
        self._thread.start()

    def offer(self, view: str, data: bytes, message_class: Any) -> None:
        """Takes a serialized image if a preview of the view is due; does not wait."""
        now_s = time.monotonic()
        with self._changed:
            if now_s < self._due_s.get(view, 0.0):
                return
            self._due_s[view] = now_s + _PERIOD_S
            self._waiting[view] = data, message_class
            self._changed.notify()

    def close(self) -> None:
        """Ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        lower_priority(nice=NICE)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._waiting)
                if self._closing:
                    return
                view = next(iter(self._waiting))
                data, message_class = self._waiting.pop(view)
            self._make(view, data, message_class)

    def _make(self, view: str, data: bytes, message_class: Any) -> None:
        try:
            image = image_from_message(deserialize_message(data, message_class))
        except (MessageError, RuntimeError):
            return  # the node that uses the image reports it
        number = self._numbers[view] = self._numbers.get(view, 0) + 1
        self._on_preview(view, Preview(number, encode_jpeg(shrunk(image), QUALITY),
                                       (image.shape[1], image.shape[0])))


def shrunk(image: Image, max_side: int = MAX_SIDE) -> Image:
    """The image with no side longer than `max_side`."""
    height, width = image.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1.0:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
