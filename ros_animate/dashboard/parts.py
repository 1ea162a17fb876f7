"""The parts of the dashboard that its panels use."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ros_animate.dashboard.parameters import ParameterStore
from ros_animate.dashboard.recording import Recording
from ros_animate.dashboard.state import PipelineState
from ros_animate.dashboard.steering import Steering
from ros_animate.nodes.remote.pipeline import RemotePipeline


@dataclass(frozen=True)
class Parts:
    """Objects that the panels share.

    Attributes:
        pipeline: The pipeline that is shown.
        steering: Services and parameters.
        state: Newest values.
        parameters: Parameters of the nodes.
        recording: Recording of bags.
        restart: Starts the run anew with other plug-ins; None if nobody can.
    """

    pipeline: RemotePipeline
    steering: Steering
    state: PipelineState
    parameters: ParameterStore
    recording: Recording
    restart: Callable[[dict[str, str]], None] | None
