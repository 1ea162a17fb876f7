"""The inference engine: a network as it was trained to the same network as fast as it goes.

`prepare(network, options)` keeps the interface: `encode`, `render`, `forward` take and give what
they did. Pictures and positions stay float32 at every precision; only features are narrower.
Networks with an attribute `half_precision` follow the option: those that draw a frame or decide.
Those that find keypoints stay in float32, as the softmax over their maps has a temperature of 0.1,
which makes ten times as much of every rounding error; so do those that run once per source.

    options             picture against eager float32
    float32             within 1e-4, LivePortrait's within 2e-4: rewritten layers add up in
                        another order; within the tolerance of the golden vectors
    bf16, fp16          PSNR above 40 dB, in practice 50 dB
    compile, graphs     as without
"""
from __future__ import annotations

import ctypes
import dataclasses
import functools
import pathlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ros_animate.configuration import ConfigurationError, option
from ros_animate.inference.rewriting import rewrite

_DTYPES = {'float32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}
_BF16_FLAGS = {'amx_bf16', 'avx512_bf16'}
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of malloc.h
_WARM_UPS = 3  # runs before a graph is recorded: libraries choose their kernels meanwhile


@dataclass(frozen=True)
class EngineOptions:
    """How a network is run."""

    precision: str = option('auto', 'of the features; auto: fp16 on a GPU, bf16 on a CPU with '
                                    'units for it, else float32',
                            choices=('auto', *_DTYPES))
    fold: bool = option(True, 'fold norms and rewrite layers (see models/rewriting.py)')
    channels_last: bool = option(True, 'memory layout that convolutions like best')
    compile: bool = option(False, 'compile the step that runs for every frame; takes minutes '
                                  'once, then seconds, and a C++ compiler on the CPU')
    cuda_graphs: bool = option(False, 'record that step once and replay it (GPU only)')


def prepare(network: nn.Module, options: EngineOptions,
            device: torch.device | str = 'cpu') -> nn.Module:
    """`network` itself, on the device, changed for inference: it cannot be trained any more.

    Compiled or recorded is what runs for every frame: `render` of a generator, `forward` of other
    networks.

    Raises:
        ConfigurationError: The options ask for what this machine cannot do.
    """
    device = torch.device(device)
    _check(options, device)
    keep_freed_memory()
    precision = 'float32'
    if getattr(network, 'half_precision', False):
        precision = fastest_precision(device) if options.precision == 'auto' else options.precision
    network.eval().requires_grad_(False)
    if options.fold:
        rewrite(network, frugal=device.type == 'cpu' and precision == 'float32')
    network.to(device, _DTYPES[precision])
    if options.channels_last:
        put_channels_last(network)
    step = 'render' if hasattr(network, 'render') else 'forward'
    run = getattr(network, step)
    if options.compile:
        run = torch.compile(run, dynamic=False, options=_compiler_options(device))
    if options.cuda_graphs and device.type == 'cuda':
        run = RecordedStep(run)
    setattr(network, step, run)
    return network


def fastest_precision(device: torch.device) -> str:
    """What `auto` means on this device: the fastest one that keeps pictures as they are."""
    if device.type == 'cuda':
        return 'fp16'
    return 'bf16' if _BF16_FLAGS & processor_flags() else 'float32'


@functools.cache
def processor_flags() -> frozenset[str]:
    """What the processor can do, where the system tells it (Linux); else nothing."""
    try:
        lines = pathlib.Path('/proc/cpuinfo').read_text('utf-8').splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith('flags')), '')
    return frozenset(flags.partition(':')[2].split())


@functools.cache
def keep_freed_memory() -> None:
    """Freed memory stays with the process (glibc): feature maps find it again, without page faults.

    By default every large map is given back to the system and zeroed page by page when it is needed
    again, for every layer of every frame.
    """
    try:
        libc = ctypes.CDLL('libc.so.6')
    except OSError:
        return
    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, 2 ** 31 - 1)


def _check(options: EngineOptions, device: torch.device) -> None:
    if device.type != 'cpu' or not options.compile:
        return
    if not any(shutil.which(name) for name in ('c++', 'g++', 'clang++')):
        raise ConfigurationError('compile: true needs a C++ compiler (g++ or clang++), and none '
                                 'is installed: install one, or set compile: false')


def _compiler_options(device: torch.device) -> dict[str, Any]:
    # Frozen weights are laid out once as the kernels want them, not at every call.
    return {'freezing': True} if device.type == 'cpu' else {}


def put_channels_last(network: nn.Module) -> None:
    """Lays out the weights of convolutions of pictures and of volumes as they like best."""
    layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in network.parameters():
        if parameter.ndim in layouts:
            parameter.data = parameter.data.contiguous(memory_format=layouts[parameter.ndim])


class RecordedStep:
    """A step recorded as a CUDA graph and replayed: one launch in the place of hundreds.

    A recording belongs to the shapes of its inputs; new shapes are recorded anew.
    """

    def __init__(self, step: Callable[..., Any]) -> None:
        self._step = step
        self._shapes: list[torch.Size] = []

    def __call__(self, *arguments: Any) -> Any:
        given = tensors_in(arguments)
        if [t.shape for t in given] != self._shapes:
            self._record(arguments)
        for kept, new in zip(self._inputs, given, strict=True):
            kept.copy_(new)
        self._graph.replay()
        return mapped(torch.clone, self._outputs)

    def _record(self, arguments: tuple[Any, ...]) -> None:
        kept = mapped(torch.clone, arguments)
        self._inputs = tensors_in(kept)
        self._shapes = [t.shape for t in self._inputs]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UPS):
                self._step(*kept)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._outputs = self._step(*kept)


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in nested tuples and dataclasses, in order."""
    found: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor
    mapped(note, value)
    return found


def mapped(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """Nested tuples and dataclasses of tensors, with `function` of each."""
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(function, item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {f.name: mapped(function, getattr(value, f.name))
                 for f in dataclasses.fields(value)}
        return type(value)(**parts)
    return value
