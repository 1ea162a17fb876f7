"""Images that a node draws in a thread of its own, while somebody subscribes."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from std_msgs.msg import Header

from ros_animate.nodes.image_publisher import ImagePublisher
from ros_animate.nodes.stage_node import StageNode
from ros_animate.processes import lower_priority
from ros_animate.types import Image

RATE_TOLERANCE_S = 2e-3

Content = TypeVar('Content')


class RequestedImages(Generic[Content]):
    """Draws and publishes images in a thread of low priority.

    Requests that come while an image is drawn replace each other.

    Args:
        node: Node that publishes; its options are JpegOptions.
        topic: Key of TOPICS.
        rate_hz: Greatest number of images a second.
        draw: Function from what was requested to the image; called in the thread.
    """

    def __init__(self, node: StageNode, topic: str, rate_hz: float,
                 draw: Callable[[Content], Image]) -> None:
        self._publisher, self._draw = ImagePublisher(node, topic), draw
        self._period_s = 1.0 / rate_hz - RATE_TOLERANCE_S
        self._newest: tuple[Content, Header] | None = None
        self._time_s = 0.0
        self._requested = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=topic)

    def start(self) -> None:
        """Begins to draw what is requested."""
        self._thread.start()

    def request(self, content: Content, header: Header, time_s: float) -> None:
        """Requests an image if one is due; does not wait for it.

        Args:
            content: What is to be drawn.
            header: Header of the message.
            time_s: The header's stamp in seconds.
        """
        if abs(time_s - self._time_s) >= self._period_s and self._publisher.has_subscribers:
            self._time_s, self._newest = time_s, (content, header)
            self._requested.set()

    def stop(self) -> None:
        """Ends the thread."""
        self._closing = True
        self._requested.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        lower_priority()
        while True:
            self._requested.wait()
            self._requested.clear()
            if self._closing:
                return
            if self._newest is not None:
                content, header = self._newest
                self._publisher.publish(self._draw(content), header)
