"""Calls of services and parameters of the pipeline's nodes, whose answers can be awaited."""
from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    ListParameters,
    SetParametersAtomically,
)
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python
from std_srvs.srv import SetBool, Trigger

from ros_animate.errors import UserError
from ros_animate.srv import Follow


class NotAnswered(UserError):
    """A service is not there, did not answer, or refused; the message says which."""


class ServiceCalls:
    """Calls services; may be used by several threads.

    Args:
        node: A node that spins.
        namespace: Namespace of the pipeline as ROS writes it, '' for none.
    """

    def __init__(self, node: Node, namespace: str) -> None:
        self._node, self._namespace = node, namespace
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def is_ready(self, service_type: Any, name: str) -> bool:
        """True if somebody offers the service."""
        return bool(self._client(service_type, name).service_is_ready())

    def call(self, service_type: Any, name: str, request: Any) -> Future[Any]:
        """Calls a service, e.g. 'hardware/estop'; the future gives its response or NotAnswered.

        A caller that does not wait any longer simply drops the future.
        """
        client = self._client(service_type, name)
        result: Future[Any] = Future()
        if not client.service_is_ready():
            result.set_exception(NotAnswered(f'nobody offers {self._namespace}/{name}'))
            return result
        client.call_async(request).add_done_callback(lambda done: _hand_over(done, result))
        return result

    def trigger(self, name: str) -> Future[Any]:
        """Calls a service without arguments, e.g. 'hardware/estop'."""
        return self.call(Trigger, name, Trigger.Request())

    def switch(self, name: str, on: bool) -> Future[Any]:
        """Calls a service that switches something on or off, e.g. 'hardware/set_enabled'."""
        return self.call(SetBool, name, SetBool.Request(data=on))

    def follow(self, rule: str) -> Future[Any]:
        """Calls the service that selects the followed face by a rule or its id."""
        return self.call(Follow, 'motion/follow', Follow.Request(follow=rule))

    def list_parameters(self, node: str) -> Future[Any]:
        """Calls list_parameters of a node; the response holds `result.names`."""
        return self.call(ListParameters, f'{node}/list_parameters', ListParameters.Request())

    def get_parameters(self, node: str, names: list[str]) -> Future[Any]:
        """Calls get_parameters of a node; the response holds `values` in the names' order."""
        return self.call(GetParameters, f'{node}/get_parameters',
                         GetParameters.Request(names=names))

    def describe_parameters(self, node: str, names: list[str]) -> Future[Any]:
        """Calls describe_parameters of a node; the response holds `descriptors`."""
        return self.call(DescribeParameters, f'{node}/describe_parameters',
                         DescribeParameters.Request(names=names))

    def set_parameters(self, node: str, values: Mapping[str, Any]) -> Future[Any]:
        """Sets parameters of a node, all or none; `response.result` has `successful`, `reason`."""
        messages: list[ParameterMessage] = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        return self.call(SetParametersAtomically, f'{node}/set_parameters_atomically',
                         SetParametersAtomically.Request(parameters=messages))

    def _client(self, service_type: Any, name: str) -> Any:
        with self._lock:
            if name not in self._clients:
                self._clients[name] = self._node.create_client(
                    service_type, f'{self._namespace}/{name}')
            return self._clients[name]


def python_value(value: Any) -> Any:
    """The Python value of a ParameterValue; lists instead of arrays."""
    found = parameter_value_to_python(value)
    return list(found) if hasattr(found, '__iter__') and not isinstance(found, str) else found


def _hand_over(done: Any, result: Future[Any]) -> None:
    if result.set_running_or_notify_cancel():
        error = done.exception()
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(done.result())
