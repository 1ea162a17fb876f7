#!/usr/bin/env python3
"""A long live run: memory, threads and file descriptors of every process, each minute.

    .venv/bin/python benchmarks/soak.py [--minutes 60] [--period 60] [--json FILE] [OPTIONS]

OPTIONS go to `ros_animate retarget`; by default the demo runs in an endless loop. The
slopes are those of a straight line through the second half of the samples: what grows at the start,
until all buffers are full, is not counted.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import numpy as np

from ros_animate.outputs.machine import machine

PROGRAM = pathlib.Path(sys.executable).parent / 'ros_animate'
DEFAULT = ('--source', 'demo', '--loop', '--processes')
FIGURES = ('rss_kb', 'threads', 'descriptors')
STOP_S = 120.0
Samples = dict[str, list[tuple[float, ...]]]  # (minute, *FIGURES) of each process


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--minutes', type=float, default=60.0)
    parser.add_argument('--period', type=float, default=60.0, help='seconds between two samples')
    parser.add_argument('--json', help='also write the samples to this file')
    args, more = parser.parse_known_args()
    print(machine())
    run = subprocess.Popen([PROGRAM, 'retarget', '--quiet', *(more or DEFAULT)])
    try:
        samples = watch(run, args.minutes, args.period)
    finally:
        run.terminate()  # a shell makes jobs in its background ignore Ctrl-C
        status = run.wait(STOP_S)
    print_slopes(samples)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({'machine': machine(), 'samples': samples}))
    return status


def watch(run: subprocess.Popen[bytes], minutes: float, period_s: float) -> Samples:
    """Prints and returns the samples of all processes of the run."""
    samples: Samples = {}
    start_s = time.monotonic()
    print(f'{"minute":>7}  {"process":<24}{"RSS kB":>10}{"threads":>9}{"files":>7}')
    while (passed_s := time.monotonic() - start_s) < 60.0 * minutes + 1.0:
        for pid in (run.pid, *children(run.pid)):
            if figures := figures_of(pid):
                name = f'{program_name(pid)} {pid}'
                samples.setdefault(name, []).append((passed_s / 60.0, *figures))
                print(f'{passed_s / 60.0:7.1f}  {name:<24}{figures[0]:10d}{figures[1]:9d}'
                      f'{figures[2]:7d}', flush=True)
        try:
            run.wait(period_s)
        except subprocess.TimeoutExpired:
            continue
        print('the run has ended by itself')
        break
    return samples


def children(pid: int) -> list[int]:
    """Process numbers of the children, sorted."""
    try:
        text = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text()
    except OSError:
        return []
    return sorted(map(int, text.split()))


def figures_of(pid: int) -> tuple[int, int, int] | None:
    """(resident memory in kB, threads, file descriptors) of a process; None if it has ended."""
    folder = pathlib.Path('/proc') / str(pid)
    try:
        lines = (folder / 'status').read_text().splitlines()
        status = dict(line.split(':', 1) for line in lines)
        return (int(status['VmRSS'].split()[0]), int(status['Threads']),
                len(list((folder / 'fd').iterdir())))
    except (OSError, KeyError):
        return None


def program_name(pid: int) -> str:
    """Last part of the module that a process runs, or the name of its program."""
    words = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes().decode(errors='replace').split('\0')
    if '-m' in words:
        return words[words.index('-m') + 1].rpartition('.')[2]
    return pathlib.Path(words[min(1, len(words) - 1)]).name


def print_slopes(samples: Mapping[str, Sequence[tuple[float, ...]]]) -> None:
    """Prints the growth a minute of each figure over the second half of the samples."""
    print(f'\n{"growth a minute":<24}{"RSS kB":>10}{"threads":>9}{"files":>7}{"samples":>9}')
    for name, rows in samples.items():
        half = np.array(rows[len(rows) // 2:])
        if len(half) < 3:
            continue
        slopes = [np.polyfit(half[:, 0], half[:, k], 1)[0] for k in (1, 2, 3)]
        print(f'{name:<24}{slopes[0]:10.1f}{slopes[1]:9.2f}{slopes[2]:7.2f}{len(half):9d}')


if __name__ == '__main__':
    raise SystemExit(main())
