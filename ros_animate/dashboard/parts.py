"""The parts of the dashboard that its panels use."""
from __future__ import annotations

from dataclasses import dataclass

from ros_animate.dashboard.parameters import ParameterStore
from ros_animate.dashboard.state import PipelineState
from ros_animate.dashboard.steering import Steering
from ros_animate.nodes.remote.pipeline import RemotePipeline


@dataclass(frozen=True)
class Parts:
    """What a panel needs.

    Attributes:
        pipeline: The pipeline that is shown.
        steering: Services and parameters.
        state: Newest values.
        parameters: Parameters of the nodes.
    """

    pipeline: RemotePipeline
    steering: Steering
    state: PipelineState
    parameters: ParameterStore
