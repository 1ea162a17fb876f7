"""Images of a virtual robot."""
from __future__ import annotations

import threading

from std_msgs.msg import Header

from ros_animate.hardware.base import VirtualRobot
from ros_animate.nodes.image_publisher import ImagePublisher
from ros_animate.nodes.messages import stamp_message
from ros_animate.nodes.stage_node import StageNode
from ros_animate.processes import lower_priority

RATE_TOLERANCE_S = 1e-3
FRAME_ID = 'robot_view_optical_frame'


class RobotView:
    """Renders and publishes robot/image_raw in a thread of its own, while somebody listens.

    Args:
        node: Node that publishes.
        robot: Robot to render.
        rate_hz: Greatest number of images per second.
    """

    def __init__(self, node: StageNode, robot: VirtualRobot, rate_hz: float) -> None:
        self._robot = robot
        self._publisher = ImagePublisher(node, 'robot/image_raw')
        self._period_s = 1.0 / rate_hz - RATE_TOLERANCE_S
        self._time_s = 0.0
        self._requested = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name='view')

    def start(self) -> None:
        """Begins to answer requests."""
        self._thread.start()

    def update(self, now_s: float) -> None:
        """Requests an image of the present state if one is due; does not wait for it."""
        is_due = abs(now_s - self._time_s) >= self._period_s
        if is_due and self._publisher.has_subscribers:
            self._time_s = now_s
            self._requested.set()

    def close(self) -> None:
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
            header = Header(stamp=stamp_message(self._time_s), frame_id=FRAME_ID)
            self._publisher.publish(self._robot.render(), header)
