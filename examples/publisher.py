"""A camera driver: publishes a video, or else the first camera, as images on a topic.

Called as `python publisher.py face.mp4`, while `ros_animate retarget --source
topic:/my_camera/image_raw` runs.
"""
import sys

import cv2
import rclpy
from sensor_msgs.msg import Image


def publish() -> None:
    found, frame = video.read()
    if not found:
        raise SystemExit('the video has ended')
    height, width = frame.shape[:2]
    image = Image(height=height, width=width, encoding='bgr8', step=3 * width)
    image.header.stamp = node.get_clock().now().to_msg()  # commands will carry it
    image.data.frombytes(frame.tobytes())  # far faster than giving `data` to the constructor
    publisher.publish(image)


rclpy.init()
node = rclpy.create_node('my_camera')
publisher = node.create_publisher(Image, '/my_camera/image_raw', 1)
video = cv2.VideoCapture(sys.argv[1] if len(sys.argv) > 1 else 0)
timer = node.create_timer(1 / 30, publish)
rclpy.spin(node)
