"""Limits of the robot as parameters that may be changed while the node runs."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from ros_animate.configuration import ConfigurationError, build
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.nodes.parameter_values import decoded

LIMITS = ('velocity_scale', 'acceleration_scale', 'ranges')


class LimitParameters:
    """Parameters LIMITS: they may be tightened, and be loosened again up to the robot's limits.

    Args:
        node: Node whose parameters they are.
        options: Options of the node at the start.
        apply: Called with the changed options; raises ConfigurationError to refuse them.
    """

    def __init__(self, node: Node, options: SafetyConfig,
                 apply: Callable[[SafetyConfig], None]) -> None:
        self._options, self._apply = options, apply
        node.add_on_set_parameters_callback(self._change)

    def _change(self, changes: Sequence[Parameter]) -> SetParametersResult:
        cls = type(self._options)
        values = {p.name: p.value for p in changes if p.name in LIMITS}
        try:
            options = build(cls, {**vars(self._options), **decoded(cls, values)}, 'hardware')
            self._apply(options)
        except ConfigurationError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._options = options
        return SetParametersResult(successful=True)
