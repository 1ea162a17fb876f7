"""Faster ways to run the step of every frame: compiled, recorded as a CUDA graph, or both."""
from __future__ import annotations

import hashlib
import logging
import os
import pathlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ros_animate.inference.cuda_graphs import CudaGraphStep

SPEEDS = ('plain', 'balanced', 'fastest')
CACHE_VARIABLE = 'TORCHINDUCTOR_CACHE_DIR'
_log = logging.getLogger(__name__)

Step = Callable[..., Any]


@dataclass(frozen=True)
class Acceleration:
    """A way to run a step.

    Attributes:
        compile: Compiled by torch.compile.
        graphs: Recorded as a CUDA graph.
    """

    compile: bool = False
    graphs: bool = False

    def __str__(self) -> str:
        parts = ['compiled'] * self.compile + ['CUDA graphs'] * self.graphs
        return ', '.join(parts) or 'as it is'


def select(speed: str, device_type: str, fixed_sizes: bool = True) -> Acceleration:
    """The acceleration of a speed on a device.

    Args:
        speed: One of SPEEDS.
        device_type: 'cpu' or 'cuda'.
        fixed_sizes: False where the number of images in a batch changes, so that graphs would be
            recorded again and again.
    """
    graphs = speed != 'plain' and device_type == 'cuda' and fixed_sizes
    return Acceleration(speed == 'fastest', graphs)


def accelerate(step: Step, acceleration: Acceleration, network: nn.Module,
               device: torch.device) -> Step:
    """`step` of a network, run in another way.

    Args:
        step: A method of the network.
        acceleration: The way.
        network: The network, on its device and in its precision.
        device: The device.
    """
    if acceleration.compile:
        folder = use_cache()
        # Frozen weights are stored once in the kernels' own layout, not at every call.
        options: dict[str, Any] = {'freezing': True} if device.type == 'cpu' else {}
        compiled = torch.compile(step, dynamic=False, options=options)
        step = announced(compiled, type(network).__name__, _marker(folder, network, device))
    if acceleration.graphs:
        step = CudaGraphStep(step)
    return step


def use_cache() -> pathlib.Path | None:
    """Has torch keep what it compiles in the user's cache folder; None if that cannot be written.

    A folder that the environment names stays.
    """
    if given := os.environ.get(CACHE_VARIABLE):
        return pathlib.Path(given)
    cache = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    folder = pathlib.Path(cache).expanduser() / 'ros_animate' / 'compiled'
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _log.warning('compiled networks are not kept: %s cannot be made (%s)', folder,
                     error.strerror)
        return None
    os.environ[CACHE_VARIABLE] = str(folder)
    return folder


def announced(step: Step, name: str, marker: pathlib.Path | None) -> Step:
    """`step`, whose first call says that it is compiled and how long that took.

    Args:
        step: The compiled step.
        name: Name of the network in messages.
        marker: File that is there once this machine has compiled the network; then nothing is
            said. None to speak in every process.
    """
    silent = marker is not None and marker.exists()

    def run(*arguments: Any) -> Any:
        nonlocal silent
        if silent:
            return step(*arguments)
        _log.warning('compiling %s, which takes minutes the first time', name)
        start_s = time.perf_counter()
        result = step(*arguments)
        silent = True
        _log.warning('compiled %s in %.0f s%s', name, time.perf_counter() - start_s,
                     '' if marker is None else f'; kept in {marker.parent}')
        if marker is not None:
            marker.touch()
        return result
    return run


def _marker(folder: pathlib.Path | None, network: nn.Module,
            device: torch.device) -> pathlib.Path | None:
    """The file that stands for a compiled network: its layers, precision, device and torch."""
    if folder is None:
        return None
    where = torch.cuda.get_device_name(device) if device.type == 'cuda' else 'cpu'
    weights = [(name, value.shape, value.dtype) for name, value in network.state_dict().items()]
    digest = hashlib.sha256(repr((torch.__version__, where, weights)).encode()).hexdigest()[:16]
    return folder / f'{type(network).__name__}-{digest}'
