"""A camera that sees rendered people; needs ROS."""
from __future__ import annotations

from sensor_msgs.msg import Image

from helpers.ros_helpers import CAMERA
from ros_animate.evaluation.people_scenes import SIZE, people_image


class People:
    """Publishes images of people, again and again."""

    def __init__(self, observer, places, topic='image_raw'):
        self._node = observer.node
        self.see(places)
        self._publisher = self._node.create_publisher(Image, topic, CAMERA)
        self._node.create_timer(0.1, self._publish)

    def see(self, places):
        """Shows other people from now on."""
        self._message = Image(height=SIZE[1], width=SIZE[0], encoding='rgb8', step=3 * SIZE[0],
                              data=people_image(places).tobytes())

    def _publish(self):
        message = self._message
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.header.frame_id = 'camera'
        self._publisher.publish(message)
