"""Topics by which other programs show expressions on the robot's face."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import cut
from ros_animate.nodes.endpoints import make_subscription
from ros_animate.nodes.hri_faces import hri_class
from ros_animate.nodes.qos import RELIABLE
from ros_animate.nodes.stage_node import StageNode
from ros_animate.nodes.topics import TOPICS
from ros_animate.policy.expression_request import ExpressionRequest, affect_request, read_request
from ros_animate.policy.face_layers import FaceLayers

# REP-155's name of the topic. That of texts is another one: a topic has one type.
EXPRESSION, TEXT = 'robot_face/expression', 'robot_face/expression_name'


class ExpressionInput:
    """Shows what comes on robot_face/expression_name and, with hri_msgs, robot_face/expression.

    Args:
        node: The node of the layers.
        layers: The layers of the robot's face.
        on_expression: Called when an expression begins.
    """

    def __init__(self, node: StageNode, layers: FaceLayers,
                 on_expression: Callable[[], None]) -> None:
        self._node, self._layers, self._on_expression = node, layers, on_expression
        make_subscription(node, TOPICS[TEXT].message_class, TEXT, self._receive_text, RELIABLE)
        try:
            make_subscription(node, hri_class('Expression'), EXPRESSION, self._receive, RELIABLE)
        except ImportError:
            node.get_logger().debug(f'hri_msgs is not installed: {EXPRESSION} is not listened to')

    def _receive_text(self, message: Any) -> None:
        self._show(lambda: read_request(message.data, self._layers.expressions))

    def _receive(self, message: Any) -> None:
        self._show(lambda: affect_request(message.expression, message.valence, message.arousal,
                                          message.confidence, self._layers.expressions))

    def _show(self, read: Callable[[], ExpressionRequest]) -> None:
        now_s = self._node.now_s()
        try:
            request = read()
            if request.expression is None:
                self._layers.release(now_s)
                return
            self._layers.express(request.expression, request.strength, now_s, request.duration_s)
        except ConfigurationError as error:
            self._node.reject(cut(str(error)))
            return
        self._node.diagnostics.count('expressions')
        self._on_expression()
