"""Motion messages as a camera at 30 frames a second gives them. Needs ROS."""
import numpy as np
from ros_animate.msg import Motion
from std_msgs.msg import Header

from ros_animate.nodes.messages import stamp_message

START_NS = 1_700_000_000 * 10 ** 9
PERIOD_NS = 33_333_333


def motion(index):
    """A face whose jaw opens and closes twice a second."""
    return Motion(
        header=Header(stamp=stamp_message((START_NS + index * PERIOD_NS) * 1e-9)), model='test',
        confidence=1.0, rotation=np.eye(3).ravel(), translation=[0.0, 0.0, -0.5],
        expression_names=['jawOpen'],
        expression_values=[0.5 - 0.5 * float(np.cos(4 * np.pi * index / 30))])
