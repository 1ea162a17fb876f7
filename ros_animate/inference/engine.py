"""The inference engine: prepares a trained network to run as fast as possible.

`prepare(network, options)` keeps the interface: `encode`, `render` and `forward` take and return
the same types as before. Images and positions are float32 at every precision; only features are
narrower. The option applies to networks with an attribute `half_precision`: generators and
policies. Keypoint detectors stay in float32, as the softmax over their heat maps has a temperature
of 0.1, which multiplies every rounding error by ten; so do networks that run once per source.

    options             image compared with eager float32
    float32             within 1e-4, LivePortrait's within 2e-4: rewritten layers add in another
                        order; within the tolerance of the golden vectors
    bf16, fp16          PSNR above 40 dB, in practice 50 dB
    speed               no further difference
"""
from __future__ import annotations

import functools
import pathlib
import shutil
from dataclasses import dataclass

import torch
from torch import nn

from ros_animate.configuration import ConfigurationError, option
from ros_animate.inference.acceleration import SPEEDS, Acceleration, accelerate, select
from ros_animate.inference.rewriting import rewrite
from ros_animate.memory import keep_all_freed_memory

_DTYPES = {'float32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}
_BF16_FLAGS = {'amx_bf16', 'avx512_bf16'}


@dataclass(frozen=True)
class EngineOptions:
    """Options of how a network is run."""

    precision: str = option('auto', 'precision of the features; auto: fp16 on a GPU, bf16 on a CPU '
                                    'with units for it, else float32',
                            choices=('auto', *_DTYPES))
    fold: bool = option(True, 'fold norms and rewrite layers (see inference/rewriting.py)')
    channels_last: bool = option(True, 'memory layout with channels last, in which convolutions '
                                       'are faster')
    speed: str = option('balanced', 'balanced: what needs no preparation, with CUDA graphs on a '
                                    'GPU; fastest: also compile the step that runs for every '
                                    'frame, which takes minutes the first time, later seconds, and '
                                    'a C++ compiler on the CPU; plain: neither', choices=SPEEDS)


def prepare(network: nn.Module, options: EngineOptions,
            device: torch.device | str = 'cpu',
            acceleration: Acceleration | None = None) -> nn.Module:
    """`network` itself, on the device, changed for inference: it cannot be trained any more.

    The step that runs for every frame is compiled or recorded: `render` of a generator, `forward`
    of other networks.

    Args:
        network: The network.
        options: Options of the engine.
        device: Where it runs.
        acceleration: How that step is run; None for that of the option `speed`.

    Raises:
        ConfigurationError: This machine does not support the options.
    """
    device = torch.device(device)
    acceleration = acceleration or select(options.speed, device.type)
    _check(acceleration, device)
    keep_all_freed_memory()
    precision = 'float32'
    if getattr(network, 'half_precision', False):
        precision = fastest_precision(device) if options.precision == 'auto' else options.precision
    network.eval().requires_grad_(False)
    if options.fold:
        rewrite(network, cheaper=device.type == 'cpu' and precision == 'float32')
    network.to(device, _DTYPES[precision])
    if options.channels_last:
        put_channels_last(network)
    step = 'render' if hasattr(network, 'render') else 'forward'
    setattr(network, step, accelerate(getattr(network, step), acceleration, network, device))
    return network


def fastest_precision(device: torch.device) -> str:
    """The precision that `auto` selects on a device: the fastest one without visible loss."""
    if device.type == 'cuda':
        return 'fp16'
    return 'bf16' if _BF16_FLAGS & processor_flags() else 'float32'


@functools.cache
def processor_flags() -> frozenset[str]:
    """Instruction sets of the processor, from /proc/cpuinfo; empty on other systems than Linux."""
    try:
        lines = pathlib.Path('/proc/cpuinfo').read_text('utf-8').splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith('flags')), '')
    return frozenset(flags.partition(':')[2].split())


def put_channels_last(network: nn.Module) -> None:
    """Stores the weights of 2-D and 3-D convolutions with the channels last."""
    layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
    for parameter in network.parameters():
        if parameter.ndim in layouts:
            parameter.data = parameter.data.contiguous(memory_format=layouts[parameter.ndim])


def _check(acceleration: Acceleration, device: torch.device) -> None:
    if device.type != 'cpu' or not acceleration.compile:
        return
    if not any(shutil.which(name) for name in ('c++', 'g++', 'clang++')):
        raise ConfigurationError('speed: fastest needs a C++ compiler (g++ or clang++), and none '
                                 'is installed: install one, or set speed: balanced')
