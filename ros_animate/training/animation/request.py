"""The request for a training of animation networks."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingRequest:
    """A training as the command line requests it; see `ros_animate train animation --help`."""

    model: str
    data: tuple[str, ...]
    output: str
    variant: str = 'small'
    steps: int = 20000
    minutes: float | None = None
    resume: bool = False
    init: str = ''
    settings: tuple[str, ...] = ()
    quiet: bool = False
