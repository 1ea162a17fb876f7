"""Small JPEG previews of image topics."""
from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import cv2

from ros_animate.images import encode_jpeg
from ros_animate.nodes.conversions import MessageError, image_from_message
from ros_animate.scheduling import GivingWay
from ros_animate.types import Image

RATE_HZ = 15.0
MAX_SIDE = 480
QUALITY = 70


@dataclass(frozen=True)
class Preview:
    """One small image.

    Attributes:
        jpeg: Content of a JPEG file.
        size: (width, height) of the image that it shows, in pixels.
    """

    jpeg: bytes
    size: tuple[int, int]


class PreviewMaker:
    """A thread that makes previews of the newest images, RATE_HZ a second of each view.

    Images that come in the meantime replace each other, so nothing waits and nothing piles up.

    Args:
        take: Returns the newest image message of a view, None if there is no new one.
        views: Names of the views.
        on_preview: Called in the thread with the name of the view and the preview.
    """

    def __init__(self, take: Callable[[str], Any | None], views: Collection[str],
                 on_preview: Callable[[str, Preview], None]) -> None:
        self._take, self._views, self._on_preview = take, tuple(views), on_preview
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name='previews', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        giving_way = GivingWay()
        while not self._closing.wait(max(1.0 / RATE_HZ, giving_way.rest_s())):
            for view in self._views:
                if (message := self._take(view)) is not None:
                    self._make(view, message)

    def _make(self, view: str, message: Any) -> None:
        try:
            image = image_from_message(message)
        except MessageError:
            return  # the node that uses the image reports it
        self._on_preview(view, Preview(encode_jpeg(shrunk(image), QUALITY),
                                       (image.shape[1], image.shape[0])))


def shrunk(image: Image, max_side: int = MAX_SIDE) -> Image:
    """The image with no side longer than `max_side`."""
    height, width = image.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1.0:
        return image
    # Means over whole blocks, then interpolation: a sixth of the time of means over any area.
    block = int(1.0 / scale)
    if 1 < block <= min(height, width):
        whole = image[:height - height % block, :width - width % block]
        image = cv2.resize(whole, (width // block, height // block), interpolation=cv2.INTER_AREA)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
