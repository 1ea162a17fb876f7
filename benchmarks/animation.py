"""Time per frame and memory of the animation models, compared with the reference implementations.

    .venv/bin/python benchmarks/animation.py [--models fomm …] [--engines float32 bf16+compile …]
    .venv/bin/python benchmarks/animation.py --device cuda [--minutes 4]

The reference computation (`reference_way`) and each engine run in processes of their own and
animate the same frame in turns; the figures are medians. A frame is the whole step: driving
keypoints from an image, dense motion, decoding. Weights are random, with variances that keep the
scale of features: neither time nor rounding depends on training.

On a GPU one process measures all ways one after another and prints them as one table
(`gpu_table`); compiling is left out where the time is over.
"""
from __future__ import annotations

import argparse
import contextlib
import dataclasses
import math
import multiprocessing
import platform
import resource
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import gpu_table
import torch
from reference_way import as_the_reference, reference_functions
from torch import Tensor, nn
from torch.nn import functional

from ros_animate.checkpoints.variants import load_config
from ros_animate.configuration import build as build_options
from ros_animate.inference.acceleration import Acceleration, use_cache
from ros_animate.inference.engine import EngineOptions, prepare
from ros_animate.networks import build_networks
from ros_animate.networks.x2face import DRIVING, EMBEDDING

MODELS = {'monkey_net_64': ('monkey_net', 'nemo'), 'monkey_net_256': ('monkey_net', 'vox256'),
          'fomm': ('fomm', 'vox256'), 'face_vid2vid': ('face_vid2vid', 'vox256'),
          'face_vid2vid_spade': ('face_vid2vid', 'vox256_spade'),
          'live_portrait': ('live_portrait', 'human'), 'x2face': ('x2face', 'vox256')}
ENGINES = ('float32', 'float32+compile', 'bf16', 'bf16+compile')
DETECTORS = {'monkey_net': 'kp_detector', 'fomm': 'kp_detector', 'face_vid2vid': 'he_estimator',
             'live_portrait': 'motion_extractor'}
GENERATORS = {'live_portrait': ('appearance_feature_extractor', 'warping_module',
                                'spade_generator'), 'x2face': (EMBEDDING, DRIVING)}
# Variances of weights by layer: X2Face's shifts, keypoint heads, and the SPADE decoder with its
# residual sums.
VARIANCES = {'model.up': 0.02, 'kp.weight': 0.1, 'jacobian.weight': 0.1, 'conv_img': 0.3,
             'conv_': 1.0, 'mlp_': 1.0, 'fc.': 1.0}

Networks = dict[str, Any]
Step = Callable[[], Tensor]


def main() -> None:
    options = arguments()
    if options.device == 'cuda':
        on_a_gpu(options)
        return
    print(f'{processor()}, {options.threads} threads, {options.device}, torch '
          f'{torch.__version__}, median of {options.rounds}')
    print(f'{"model":<20}{"engine":<18}{"keypoints":>10}{"frame":>10}{"faster":>8}{"PSNR":>7}'
          f'{"max diff":>10}{"RSS":>8}')
    print(f'{"":<38}{"ms":>10}{"ms":>10}{"times":>8}{"dB":>7}{"of 1":>10}{"MB":>8}')
    for name in options.models:
        for row in measure(name, options):
            print(f'{name:<20}{row["way"]:<18}{row["keypoints_ms"]:>10.1f}'
                  f'{row["frame_ms"]:>10.1f}{row["faster"]:>8.2f}{row["psnr_db"]:>7.1f}'
                  f'{row["max_difference"]:>10.1e}{row["peak_rss_mb"]:>8.0f}', flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--models', nargs='+', choices=list(MODELS),
                        help=f'default: all; on a GPU {", ".join(gpu_table.MODELS)}')
    parser.add_argument('--engines', nargs='+', default=list(ENGINES), metavar='ENGINE',
                        help='precision, +compile, +graphs; e.g. fp16+compile')
    parser.add_argument('--rounds', type=int, help='default: 5, on a GPU 30')
    parser.add_argument('--minutes', type=float, default=4.0, help='on a GPU: time for all')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--device', default='cpu', choices=('cpu', 'cuda'))
    options = parser.parse_args()
    is_gpu = options.device == 'cuda'
    options.models = options.models or list(gpu_table.MODELS if is_gpu else MODELS)
    options.rounds = options.rounds or (30 if is_gpu else 5)
    return options


@torch.inference_mode()
def on_a_gpu(options: argparse.Namespace) -> None:
    """Prints the table of a GPU; ends with status 1 where there is none."""
    if not torch.cuda.is_available():
        raise SystemExit('no GPU is at hand (torch finds none), so nothing was measured: run this '
                         'on a machine with one, or without --device')
    print(f'{torch.cuda.get_device_name()}, torch {torch.__version__}, median of '
          f'{options.rounds}; compiled networks are kept in {use_cache()}', flush=True)
    timings = gpu_table.measure(options.models, options.rounds, 60 * options.minutes,
                                lambda name, way: make_steps(name, way, options))
    print('\n' + gpu_table.text(timings))


def make_steps(name: str, way: str, options: argparse.Namespace) -> tuple[Step, Step]:
    """(keypoints, whole frame) of a model in one way, with the same random weights in all."""
    family, variant = MODELS[name]
    config = load_config(family, variant)
    torch.manual_seed(0)
    networks = randomise(build_networks(family, config))
    step = 256 // config.image_size
    source, driving = (image(seed, options.device)[..., ::step, ::step].contiguous()
                       for seed in (0, 1))
    if way.startswith('reference'):
        half = way.endswith('+half')
        return tuple(in_half(s) if half else s for s in  # type: ignore[return-value]
                     reference_way(family, networks, source, driving, options))
    return engine_way(family, networks, source, driving, way, options)


def in_half(step: Step) -> Step:
    """`step` as the references run it in half precision: by autocast."""
    def run() -> Tensor:
        with torch.autocast('cuda', torch.float16):
            return step()
    return run


def measure(name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The rows of one model, the reference first."""
    context = multiprocessing.get_context('spawn')
    pipes = {}
    with contextlib.ExitStack() as stack:
        for way in ('reference', *options.engines):  # one by one: compiling takes all cores
            pipe, other = context.Pipe()
            process = context.Process(target=work, args=(other, name, way, options), daemon=True)
            process.start()
            stack.callback(process.terminate)
            other.close()
            pipe.recv()
            pipes[way] = pipe
        times: dict[str, list[tuple[float, float]]] = {way: [] for way in pipes}
        for _ in range(options.rounds):
            for way, pipe in pipes.items():
                pipe.send('measure')
                times[way].append(pipe.recv())
        results = {}
        for way, pipe in pipes.items():
            pipe.send('end')
            results[way] = pipe.recv()
    return [row(way, times[way], times['reference'], results[way], results['reference'][0])
            for way in pipes]


def row(way: str, times: list[tuple[float, float]], reference: list[tuple[float, float]],
        result: tuple[Any, float], expected: Any) -> dict[str, Any]:
    """The figures of one way, from its times, its image and its memory."""
    keypoints_ms, frame_ms = map(statistics.median, zip(*times, strict=True))
    difference = result[0].astype(float) - expected
    return {'way': way, 'keypoints_ms': keypoints_ms, 'frame_ms': frame_ms,
            'faster': statistics.median(t[1] for t in reference) / frame_ms,
            'psnr_db': -10 * math.log10((difference ** 2).mean() + 1e-20),
            'max_difference': abs(difference).max(), 'peak_rss_mb': result[1]}


@torch.inference_mode()
def work(pipe: Connection, name: str, way: str, options: argparse.Namespace) -> None:
    """Process that animates one frame in one way at each request."""
    torch.set_num_threads(options.threads)
    detect, frame = make_steps(name, way, options)
    prediction = frame()
    pipe.send('ready')
    while pipe.recv() == 'measure':
        pipe.send((duration_ms(detect, options.device), duration_ms(frame, options.device)))
    pipe.send((prediction.float().cpu().numpy(), peak_rss_mb()))


def reference_way(family: str, networks: Networks, source: Tensor, driving: Tensor,
                  options: argparse.Namespace) -> tuple[Step, Step]:
    """(keypoints, whole frame) as the reference implementation computes them."""
    for network in networks.values():
        as_the_reference(network).to(options.device)
    if family == 'x2face':
        return x2face_steps(networks, driving, lambda: networks[EMBEDDING].embed(source))
    detector = networks[DETECTORS[family]]
    kp_source, kp_driving = keypoints(family, detector, source, driving)

    def frame() -> Tensor:
        with reference_functions():
            detector(driving)
            if family == 'live_portrait':
                warped = networks['warping_module'](volume, kp_source, kp_driving)
                return networks['spade_generator'](warped.features)
            return networks['generator'](source, kp_source, kp_driving).prediction
    if family == 'live_portrait':
        volume = networks['appearance_feature_extractor'](source)
    return (lambda: detector(driving)), frame


def engine_way(family: str, networks: Networks, source: Tensor, driving: Tensor, engine: str,
               options: argparse.Namespace) -> tuple[Step, Step]:
    """(keypoints, whole frame) with networks prepared by the engine."""
    selected, acceleration = engine_options(engine)
    generators = GENERATORS.get(family, ('generator',))
    for name in generators:
        prepare(networks[name], selected, options.device, acceleration)
    if family == 'x2face':
        face = networks[EMBEDDING].embed(source)
        return x2face_steps(networks, driving, lambda: face)
    # Half precision is for generators; keypoint detectors stay in float32.
    float32 = dataclasses.replace(selected, precision='float32')
    detector = prepare(networks[DETECTORS[family]], float32, options.device, acceleration)
    kp_source, kp_driving = keypoints(family, detector, source, driving)
    if family == 'live_portrait':
        volume = networks['appearance_feature_extractor'](source)
    else:
        features = networks['generator'].encode(source)

    def frame() -> Tensor:
        detector(driving)
        if family == 'live_portrait':
            warped = networks['warping_module'](volume, kp_source, kp_driving)
            return networks['spade_generator'](warped.features)
        return networks['generator'].render(features, kp_source, kp_driving)
    return (lambda: detector(driving)), frame


def x2face_steps(networks: Networks, driving: Tensor, embed: Step) -> tuple[Step, Step]:
    """(driving vector, whole frame) of X2Face; `embed` gives the embedded face."""
    driver = networks[DRIVING]
    return (lambda: driver.encode(driving)), lambda: driver.render(embed(), driver.encode(driving))


def engine_options(text: str) -> tuple[EngineOptions, Acceleration]:
    """Options from e.g. 'bf16+compile'; raises ConfigurationError for an unknown precision."""
    precision, *extras = text.split('+')
    return (build_options(EngineOptions, {'precision': precision}, f'engine {text}'),
            Acceleration('compile' in extras, 'graphs' in extras))


def keypoints(family: str, detector: nn.Module, source: Tensor, driving: Tensor) -> tuple[Any, Any]:
    """Keypoints of both images; made-up ones in 3-D, where random weights turn the head over."""
    if family in ('monkey_net', 'fomm'):
        return detector(source), detector(driving)
    rng = torch.Generator().manual_seed(2)
    count = 15 if family == 'face_vid2vid' else 21
    start = 0.3 * torch.randn(1, count, 3, generator=rng)
    moved = start + 0.05 * torch.randn(1, count, 3, generator=rng)
    return start.to(source.device), moved.to(source.device)


def randomise(networks: Networks) -> Networks:
    """Random weights that keep the scale of features, the same in every run."""
    rng = torch.Generator().manual_seed(0)
    for network in networks.values():
        for name, value in network.eval().requires_grad_(False).state_dict().items():
            if value.ndim > 1 and 'down.weight' not in name and value.is_floating_point():
                variance = next((v for part, v in VARIANCES.items() if part in name), 2.0)
                scale = math.sqrt(variance / value[0].numel())
                value.copy_(scale * torch.randn(value.shape, generator=rng))
        for module in network.modules():
            if hasattr(module, 'weight_orig'):
                set_singular_vectors(module)
    return networks


def set_singular_vectors(module: nn.Module) -> None:
    """Sets the singular vectors of a spectral norm by power iteration.

    Otherwise its divisor u^T W v would be a hundredth of that in a trained network.
    """
    matrix = module.get_parameter('weight_orig').flatten(1)
    u, v = module.get_buffer('weight_u'), module.get_buffer('weight_v')
    for _ in range(50):
        v.copy_(functional.normalize(matrix.T @ u, dim=0))
        u.copy_(functional.normalize(matrix @ v, dim=0))


def image(seed: int, device: str) -> Tensor:
    """(1, 3, 256, 256) smooth waves in [0, 1]."""
    rng = torch.Generator().manual_seed(seed)
    position = torch.arange(256) / 256 * 2 * math.pi
    fx, fy, phase = (4 * torch.rand(3, 6, 1, 1, generator=rng) for _ in range(3))
    waves = torch.sin(fx * position + fy * position[:, None] + 2 * phase).sum(dim=1)
    return torch.sigmoid(waves)[None].to(device)


def duration_ms(step: Step, device: str) -> float:
    start = time.perf_counter()
    step()
    if device == 'cuda':
        torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - start)


def peak_rss_mb() -> float:
    """Peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def processor() -> str:
    """The model name of the processor, as far as the system reports it."""
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as file:
            names = [line.split(':')[1].strip() for line in file if line.startswith('model name')]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == '__main__':
    main()
