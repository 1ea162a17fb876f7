"""Actions on the pipeline, each as one awaitable with a text about its result."""
from __future__ import annotations

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from ros_animate.errors import UserError
from ros_animate.nodes.remote.calls import NotAnswered
from ros_animate.nodes.remote.pipeline import RemotePipeline

ANSWER_S = 3.0
PORTRAIT_S = 30.0  # the node looks for a face in the image before it answers
ESTOP_S = 1.0


@dataclass(frozen=True)
class Result:
    """Result of an action.

    Attributes:
        done: True if the nodes have done it.
        message: Their words, or the reason.
    """

    done: bool
    message: str


class Steering:
    """Services and parameters of a pipeline's nodes.

    Args:
        pipeline: The pipeline.
    """

    def __init__(self, pipeline: RemotePipeline) -> None:
        self._pipeline = pipeline

    async def estop(self) -> Result:
        """Emergency stop, by service and by topic at once; not done if nobody confirms it."""
        self._pipeline.publish_estop()
        result = await self.trigger('hardware/estop', ESTOP_S)
        if result.done or not self._pipeline.estopped:
            return result
        return Result(True, 'stopped')  # the topic was faster, and the state says so

    async def trigger(self, service: str, timeout_s: float = ANSWER_S) -> Result:
        """Calls a service without arguments, e.g. 'policy/calibrate_neutral'."""
        return await self._result(self._pipeline.calls.trigger(service), service, timeout_s)

    async def switch(self, service: str, on: bool) -> Result:
        """Calls a service that switches something on or off, e.g. 'hardware/set_enabled'."""
        return await self._result(self._pipeline.calls.switch(service, on), service, ANSWER_S)

    async def follow(self, rule: str) -> Result:
        """Selects the followed face: largest, first, centre, or the id of one in sight."""
        return await self._result(self._pipeline.calls.follow(rule), 'motion/follow', ANSWER_S)

    async def set_portrait(self, path: str) -> Result:
        """Animates the image in a file; '' is the robot's own face."""
        return await self.set_parameter('animation', 'portrait', path, PORTRAIT_S)

    async def set_parameter(self, node: str, name: str, value: Any,
                            timeout_s: float = ANSWER_S) -> Result:
        """Sets a parameter of a node."""
        try:
            response = await self._answer(
                self._pipeline.calls.set_parameters(node, {name: value}), node, timeout_s)
        except UserError as error:
            return Result(False, str(error))
        result = response.result
        return Result(result.successful, result.reason or f'{node} {name}: {value}')

    async def read(self, future: Future[Any], node: str) -> Any:
        """The response of a call; raises NotAnswered."""
        return await self._answer(future, node, ANSWER_S)

    async def _result(self, future: Future[Any], service: str, timeout_s: float) -> Result:
        try:
            response = await self._answer(future, service, timeout_s)
        except UserError as error:
            return Result(False, str(error))
        return Result(response.success, response.message)

    async def _answer(self, future: Future[Any], what: str, timeout_s: float) -> Any:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), timeout_s)
        except (TimeoutError, asyncio.TimeoutError) as error:
            raise NotAnswered(f'no answer from {what} in {timeout_s:g} s') from error
