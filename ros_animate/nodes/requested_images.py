"""Images that a node draws in a thread of its own, while somebody subscribes."""
from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from std_msgs.msg import Header

from ros_animate.nodes.image_publisher import ImagePublisher
from ros_animate.nodes.newest_work import NewestWork
from ros_animate.nodes.stage_node import StageNode
from ros_animate.types import Image

RATE_TOLERANCE_S = 2e-3

Content = TypeVar('Content')


class RequestedImages(Generic[Content]):
    """Draws and publishes images; requests that come meanwhile replace each other.

    Args:
        node: Node that publishes; its options are JpegOptions.
        topic: Key of TOPICS.
        rate_hz: Greatest number of images a second.
        draw: Function from what was requested to the image, None for none; called in a thread of
            low priority.
    """

    def __init__(self, node: StageNode, topic: str, rate_hz: float,
                 draw: Callable[[Content], Image | None]) -> None:
        self._publisher, self._draw = ImagePublisher(node, topic), draw
        self._period_s = 1.0 / rate_hz - RATE_TOLERANCE_S
        self._time_s = 0.0
        self._work: NewestWork[tuple[Content, Header]] = NewestWork(topic, self._publish)
        self.start, self.stop = self._work.start, self._work.stop

    def request(self, content: Content, header: Header, time_s: float) -> None:
        """Requests an image if one is due; does not wait for it.

        Args:
            content: What is to be drawn.
            header: Header of the message.
            time_s: The header's stamp in seconds.
        """
        if abs(time_s - self._time_s) >= self._period_s and self._publisher.has_subscribers:
            self._time_s = time_s
            self._work.request((content, header))

    def _publish(self, request: tuple[Content, Header]) -> None:
        content, header = request
        image = self._draw(content)
        if image is not None:
            self._publisher.publish(image, header)
