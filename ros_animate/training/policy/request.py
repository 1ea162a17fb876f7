"""The request for a training of a policy."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingRequest:
    """A training as the command line requests it; see `ros_animate train policy --help`."""

    policy: str
    data: tuple[str, ...]
    output: str
    robot: str = 'mock'
    weights_of_folders: tuple[float, ...] = ()
    steps: int = 5000
    minutes: float | None = None
    batch_size: int = 64
    resume: bool = False
    init: str = ''
    settings: tuple[str, ...] = ()
    quiet: bool = False
