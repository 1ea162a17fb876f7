"""The parameters of the pipeline's nodes, kept up to date whoever changes them."""
from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from ros_animate.dashboard.steering import Steering
from ros_animate.errors import UserError
from ros_animate.nodes.remote.calls import python_value
from ros_animate.nodes.remote.pipeline import RemotePipeline
from ros_animate.plugins import STAGES

LARGEST = 1e9  # a range beyond it is none


@dataclass
class Entry:
    """One parameter of a node.

    Attributes:
        value: Its present value.
        low, high: Ends of its range, None for none.
        read_only: True if it takes a restart to change it.
        description: Its explanation.
    """

    value: Any
    low: float | None
    high: float | None
    read_only: bool
    description: str


class ParameterStore:
    """Values and descriptions of all parameters.

    Args:
        pipeline: The pipeline.
        steering: Waits for answers.

    Attributes:
        version: Grows with every change.
    """

    def __init__(self, pipeline: RemotePipeline, steering: Steering) -> None:
        self.version = 0
        self._pipeline, self._steering = pipeline, steering
        self._entries: dict[str, dict[str, Entry]] = {}
        self._here: set[str] = set()
        pipeline.on_parameters(self._note)

    def entry(self, stage: str, name: str) -> Entry | None:
        """A parameter, None if the node is not there or has no such one."""
        return self._entries.get(stage, {}).get(name)

    def entries(self, stage: str) -> dict[str, Entry]:
        """All parameters of a node by name."""
        return self._entries.get(stage, {})

    async def run(self) -> None:
        """Reads the parameters of every node that appears, or appears again."""
        while True:
            await asyncio.sleep(0.5)
            here = {s for s, status in self._pipeline.statuses().items() if status is not None}
            for stage in STAGES:
                if stage in here - self._here:
                    await self._read(stage)
            self._here &= here

    async def _read(self, stage: str) -> None:
        calls, read = self._pipeline.calls, self._steering.read
        try:
            listed = await read(calls.list_parameters(stage), stage)
            names = sorted(listed.result.names)
            described = await read(calls.describe_parameters(stage, names), stage)
            values = await read(calls.get_parameters(stage, names), stage)
        except UserError:
            return  # it is tried again
        self._entries[stage] = {
            name: _entry(python_value(value), descriptor) for name, descriptor, value in zip(
                names, described.descriptors, values.values, strict=True)}
        self._here.add(stage)
        self.version += 1

    def _note(self, stage: str, values: dict[str, Any]) -> None:
        for name, value in values.items():
            entry = self.entry(stage, name)
            if entry is not None:
                entry.value = value
        self.version += 1


def _entry(value: Any, descriptor: Any) -> Entry:
    """The entry of a value and its ParameterDescriptor."""
    ranges = [*descriptor.floating_point_range, *descriptor.integer_range]
    low, high = (ranges[0].from_value, ranges[0].to_value) if ranges else (None, None)
    return Entry(value, low if low is not None and low > -LARGEST else None,
                 high if high is not None and high < LARGEST else None,
                 descriptor.read_only, descriptor.description)
