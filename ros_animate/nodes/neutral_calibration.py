"""The service by which a person's present face becomes the neutral one."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from std_srvs.srv import Trigger

from ros_animate.nodes.stage_node import StageNode
from ros_animate.types import Frame, Motion, UnusableMotion

MAX_AGE_S = 1.0


class NeutralCalibration:
    """Service `~/calibrate_neutral`.

    Args:
        node: The node that offers the service.
        calibrate: Called with the newest observation.
    """

    def __init__(self, node: StageNode, calibrate: Callable[[Any], None]) -> None:
        self._node, self._calibrate = node, calibrate
        self._observation: Motion | Frame | None = None
        self._observed_s = 0.0
        node.create_service(Trigger, '~/calibrate_neutral', self._serve)

    def update(self, observation: Motion | Frame) -> None:
        """Keeps the newest observation for a call of the service."""
        self._observation, self._observed_s = observation, time.monotonic()

    def _serve(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        age_s = time.monotonic() - self._observed_s
        if self._observation is None or age_s > MAX_AGE_S:
            response.message = 'no face is seen: look at the camera and call again'
            return response
        try:
            self._calibrate(self._observation)
        except UnusableMotion as error:
            response.message = str(error)
            return response
        self._node.diagnostics.count('calibrations')
        response.success, response.message = True, 'this face is neutral now'
        return response
