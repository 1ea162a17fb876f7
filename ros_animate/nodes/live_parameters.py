"""Parameters that may be changed while the node runs."""
from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from ros_animate.configuration import ConfigurationError, build
from ros_animate.nodes.parameter_values import decoded


class LiveParameters:
    """Options of a running node or plug-in, checked as at the start and applied all at once.

    The callbacks of a node run one after the other, so a change comes into force between two
    messages.

    Args:
        node: Node whose parameters they are.
        config: Options at the start, an instance of a dataclass.
        names: Names of the options that may change.
        apply: Called with the changed options; raises ConfigurationError to refuse them.
        where: Name of the options in errors.
    """

    def __init__(self, node: Node, config: Any, names: Collection[str],
                 apply: Callable[[Any], None], where: str) -> None:
        self._config, self._names, self._apply, self._where = config, names, apply, where
        self._logger = node.get_logger()
        node.add_on_set_parameters_callback(self._change)

    def _change(self, changes: Sequence[Parameter]) -> SetParametersResult:
        cls = type(self._config)
        values = {p.name: p.value for p in changes if p.name in self._names}
        if not values:
            return SetParametersResult(successful=True)
        try:
            config = build(cls, {**vars(self._config), **decoded(cls, values)}, self._where)
            self._apply(config)
        except ConfigurationError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._config = config
        self._logger.info(', '.join(f'{name}: {value}' for name, value in values.items()))
        return SetParametersResult(successful=True)
