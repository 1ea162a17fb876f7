"""Publishers of images as image_transport has them: raw, and JPEG on `…/compressed`."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from ros_animate.configuration import option
from ros_animate.images import encode_jpeg
from ros_animate.nodes.conversions import image_to_message
from ros_animate.nodes.parameters import declare_option
from ros_animate.nodes.topics import COMPRESSED, jpeg_quality_parameter
from ros_animate.types import Image

if TYPE_CHECKING:
    from ros_animate.nodes.stage_node import StageNode

# As compressed_image_transport writes it: the encoding of the raw image, then that of the JPEG.
FORMAT = 'rgb8; jpeg compressed bgr8'


@dataclass(frozen=True)
class JpegOptions:
    """Options of nodes that publish images."""

    jpeg_quality: int = option(95, 'quality of the images on …/compressed at the start; '
                               '<topic>.compressed.jpeg_quality may be set while the node runs',
                               low=1, high=100)


class ImagePublisher:
    """Publishes images on an image topic and, while somebody subscribes, on its compressed one.

    The raw image goes first: it does not wait for the JPEG.

    Args:
        node: Node that publishes; its options are JpegOptions.
        topic: Key of TOPICS whose compressed topic is one too.
    """

    def __init__(self, node: StageNode, topic: str) -> None:
        self._node = node
        self._parameter = jpeg_quality_parameter(topic)
        declare_option(node, self._parameter, JpegOptions, 'jpeg_quality',
                       node.parameters.options.jpeg_quality)
        self._raw = node.publisher_of(topic)
        self._compressed = node.publisher_of(topic + COMPRESSED)

    @property
    def has_subscribers(self) -> bool:
        """True while somebody subscribes to one of the topics."""
        return bool(self._raw.get_subscription_count() or self._compressed.get_subscription_count())

    def publish(self, image: Image, header: Header) -> None:
        """Publishes an (H, W, 3) uint8 RGB image to those who subscribe."""
        if self._raw.get_subscription_count():
            self._raw.publish(image_to_message(image, header))
        if self._compressed.get_subscription_count():
            quality = self._node.get_parameter(self._parameter).value
            self._compressed.publish(CompressedImage(header=header, format=FORMAT,
                                                     data=encode_jpeg(image, quality)))
