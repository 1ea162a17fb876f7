#!/usr/bin/env python3
"""Training from a web server: memory over many steps, and the weights of a run that is killed.

    .venv/bin/python benchmarks/streaming_training.py --work DIR [--steps 10000] [--kills 5]
        [--seconds 600] [--seed 0]

A prepared set of noise, several times as large as what is kept of it, is served on the loopback
(test/helpers/file_server.py); now and then the server fails. The smallest X2Face is trained on it
twice: once as it is, with the resident memory of the process sampled, and once killed by SIGKILL at
random steps and resumed. After --seconds the script stops, and the same command goes on. The status
is 1 unless the weights of both are equal and the memory is flat: the slope of a line through the
samples of the second half of the steps, times those steps, is below 2 % of the memory.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
from typing import Any

import numpy as np

from ros_animate.files import write_atomically
from ros_animate.images import encode_jpeg
from ros_animate.interrupts import unwind_on_signals
from ros_animate.outputs.machine import machine
from ros_animate.preparation.folder import INDEX
from ros_animate.preparation.shards import END, clip_bytes

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'test'))
from helpers.file_server import FileServer
from helpers.tiny_animation import arguments

CLIPS, FRAMES, SIDE, PER_SHARD = 120, 30, 48, 30
KEPT_MB = 2.0
FLAT, FAIL_EVERY = 0.02, 10
SETTINGS = {'batch_size': 1, 'average': 0, 'precision': 'float32'}
STATE = 'state.json'
State = dict[str, Any]


def main() -> int:
    unwind_on_signals()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--work', type=pathlib.Path, required=True, help='folder of set and runs')
    parser.add_argument('--steps', type=int, default=10_000)
    parser.add_argument('--kills', type=int, default=5, help='of the second run (default: 5)')
    parser.add_argument('--seconds', type=float, default=600.0, help='time of this call')
    parser.add_argument('--seed', type=int, default=0, help='of the steps at which it is killed')
    args = parser.parse_args()
    end_s = time.monotonic() + args.seconds
    path = args.work / STATE
    make_set(args.work / 'set')
    state = json.loads(path.read_text()) if path.exists() else new_state(args)
    # The address stands in the runs, so that it stays the same.
    with FileServer(args.work / 'set', state['port']) as server:
        state['port'] = server.port
        for name in ('whole', 'killed'):
            while not (args.work / name / 'weights').exists() and time.monotonic() < end_s:
                run(args.work / name, server, state, end_s)
                write_atomically(path, json.dumps(state))
    if not all((args.work / name / 'weights').exists() for name in ('whole', 'killed')):
        print('give the same command again to go on')
        return 1
    return report(args.work, state)


def new_state(args: argparse.Namespace) -> State:
    """Samples (step, megabytes) of each run, and the steps of the kills to come."""
    rng = np.random.default_rng(args.seed)
    kills = sorted(rng.choice(args.steps - 1, args.kills, replace=False) + 1)
    return {'steps': args.steps, 'kills': [int(step) for step in kills], 'killed_at': [],
            'samples': {'whole': [], 'killed': []}, 'processes': {'whole': 0, 'killed': 0},
            'requests': 0, 'port': 0}


def make_set(folder: pathlib.Path) -> None:
    """Clips of smooth noise of as many identities."""
    if (folder / INDEX).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, Any]] = []
    for first in range(0, CLIPS, PER_SHARD):
        name = f'train-{first // PER_SHARD:06d}.tar'
        content = b''
        for clip in range(first, first + PER_SHARD):
            lines.append({'key': f'clip-{clip}', 'identity': str(clip), 'shard': name,
                          'split': 'validation' if clip % 10 == 0 else 'train',
                          'offset': len(content)})
            content += clip_bytes(f'clip-{clip}', {}, {'stamps_s': np.arange(FRAMES)},
                                  noise(clip))
        write_atomically(folder / name, content + END)
    write_atomically(folder / INDEX, ''.join(json.dumps(line) + '\n' for line in lines))


def noise(clip: int) -> list[bytes]:
    """JPEG files of the frames of a clip: a pattern that moves."""
    rng = np.random.default_rng(clip)
    pattern = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    return [encode_jpeg(np.roll(pattern, (k, 2 * k), (0, 1)), 95) for k in range(FRAMES)]


def run(folder: pathlib.Path, server: FileServer, state: State, end_s: float) -> None:
    """One process of a training, until it is done, killed or the time is over."""
    name = folder.name
    command = [sys.executable, '-m', 'ros_animate', *arguments(
        'x2face', server.url, folder, state['steps'], stream_mb=KEPT_MB, **SETTINGS), '--resume']
    kill_at = state['kills'][0] if name == 'killed' and state['kills'] else state['steps'] + 1
    state['processes'][name] += 1
    server.failing = [503]
    with subprocess.Popen(command, env={**os.environ, 'OMP_NUM_THREADS': '1',
                                        'NO_PROXY': '127.0.0.1'}) as process:
        start_s = time.monotonic()
        try:
            step = watch(process, folder / 'log.csv', server, state['samples'][name], kill_at,
                         end_s)
        finally:
            process.kill()
    if step >= kill_at:
        state['kills'].pop(0)
        state['killed_at'].append(step)
    state['requests'] += len(server.asked)
    server.asked.clear()
    print(f'{name}: process {state["processes"][name]} ended with {process.returncode} after '
          f'{time.monotonic() - start_s:.0f} s at step {last_step(folder / "log.csv")}', flush=True)
    if process.returncode not in (0, -9):
        raise SystemExit(f'the training has failed: {" ".join(command)}')


def watch(process: subprocess.Popen[bytes], log: pathlib.Path, server: FileServer,
          samples: list[Any], kill_at: int, end_s: float) -> int:
    """Samples the memory of a training until it ends, reaches a step, or the time is over.

    Returns:
        The last step that was seen.
    """
    before, begun, sampled_s = last_step(log), False, time.monotonic()
    step = before
    while process.poll() is None and step < kill_at and time.monotonic() < end_s:
        step = last_step(log)
        # The log of an earlier process is cut to its last checkpoint when this one begins.
        begun = begun or step != before
        if begun and time.monotonic() - sampled_s > 1.0:
            sampled_s = time.monotonic()
            samples.append((step, resident_mb(process.pid)))
            if len(samples) % FAIL_EVERY == 0:
                server.failing.append('hang up')
        time.sleep(0.05)
    return step


def last_step(log: pathlib.Path) -> int:
    """Number of the last step in a log."""
    rows = log.read_text().split('\n')[1:-1] if log.exists() else []
    return int(rows[-1].split(',')[0]) if rows else 0


def resident_mb(process: int) -> float:
    """Resident memory of a process."""
    try:
        pages = int(pathlib.Path(f'/proc/{process}/statm').read_text().split()[1])
    except OSError:  # it has just ended
        return 0.0
    return round(pages * os.sysconf('SC_PAGE_SIZE') / 2 ** 20, 2)


def report(work: pathlib.Path, state: State) -> int:
    """Prints the figures; the exit status."""
    size_mb = sum(path.stat().st_size for path in (work / 'set').iterdir()) / 2 ** 20
    steps, samples = state['steps'], state['samples']['whole']
    print(f'{machine()}\n{CLIPS} clips, {size_mb:.1f} MB, of which {KEPT_MB:g} MB are kept; '
          f'{state["requests"]} requests for {2 * steps} steps and those that came again')
    print('memory of the run in {} process(es), MB: '.format(state['processes']['whole'])
          + ', '.join(f'{mb:.0f} at step {step}' for step, mb in samples[::max(
              1, len(samples) // 10)]))
    flat = True
    # At the end curves are drawn, which takes memory of its own.
    last = [sample for sample in samples if steps / 2 < sample[0] < steps]
    if len(last) > 2:
        x, y = np.array(last, float).T
        growth = float(np.polyfit(x, y, 1)[0]) * steps / 2
        flat = growth < FLAT * float(y.mean())
        print(f'growth over the last {steps // 2} steps: {growth:+.2f} MB of {y.mean():.0f} MB, '
              f'{"flat" if flat else "NOT FLAT"}')
    one, other = ((work / name / 'weights' / 'weights.safetensors').read_bytes()
                  for name in ('whole', 'killed'))
    print(f'killed at steps {state["killed_at"]}, {state["processes"]["killed"]} processes: the '
          f'weights are {"equal" if one == other else "DIFFERENT"}')
    return 0 if flat and one == other else 1


if __name__ == '__main__':
    sys.exit(main())
