#!/usr/bin/env python3
"""Several virtual robots on one machine: rate and latency of each, and what a frame costs.

    .venv/bin/python benchmarks/fleet.py [CLIP …] [--robots 1 2 4] [--fps 15] [--rate 60]
        [--seconds 20] [--kill] [--processes] [--json FILE]
    .venv/bin/python benchmarks/fleet.py --costs [--animators fomm monkey_net] [--json FILE]
    .venv/bin/python benchmarks/fleet.py --predict FILE [--robots 1 2 4 8 16] [--fps 15]

Without clips every robot sees the demo source. Sources are brought to --fps in a temporary folder.
--kill runs the largest fleet again, kills the process with the hardware node of its first robot in
the midst, and compares the others. --costs measures the plug-ins by batch size (fleet_costs.py);
--predict takes such a file, of this or another machine, and says what a fleet would do there.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import Any

import fleet_costs
import yaml
from soak import children, program_name

from ros_animate.camera.resolve import resolve
from ros_animate.interrupts import unwind_on_signals
from ros_animate.outputs.machine import machine
from ros_animate.outputs.video import VideoFile
from ros_animate.plugins import load

PROGRAM = pathlib.Path(sys.executable).parent / 'ros_animate'
TICKS = os.sysconf('SC_CLK_TCK')


def main() -> None:
    unwind_on_signals()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('clips', nargs='*', help='videos of one person each')
    parser.add_argument('--robots', type=int, nargs='+', default=[1, 2, 4])
    parser.add_argument('--fps', type=float, default=15.0)
    parser.add_argument('--rate', type=float, default=60.0, help='commands a second')
    parser.add_argument('--seconds', type=float, default=20.0, help='duration of each run')
    parser.add_argument('--kill', action='store_true', help='kill a hardware node of the last run')
    parser.add_argument('--processes', action='store_true', help='one process for each node')
    parser.add_argument('--costs', action='store_true', help='measure the plug-ins')
    parser.add_argument('--animators', nargs='+', default=['fomm', 'monkey_net'])
    parser.add_argument('--predict', type=pathlib.Path, help='costs that --costs has measured')
    parser.add_argument('--json', type=pathlib.Path, help='also write the figures to this file')
    args = parser.parse_args()
    print(machine())
    if args.costs:
        figures = fleet_costs.measure(args.animators)
    elif args.predict:
        figures = fleet_costs.predict(json.loads(args.predict.read_text()), args.robots, args.fps)
    else:
        with tempfile.TemporaryDirectory() as name:
            figures = fleets(args, pathlib.Path(name))
    if args.json:
        args.json.write_text(json.dumps({'machine': machine(), **figures}, indent=1))


def fleets(args: argparse.Namespace, folder: pathlib.Path) -> dict[str, Any]:
    """Runs fleets of each size, and the last one again with a node that is killed."""
    sources = [source(clip, args.fps, folder) for clip in args.clips or ['demo']]
    figures: dict[str, Any] = {}
    for count in args.robots:
        figures[str(count)] = run(sources, count, args, folder)
        print_run(f'{count} robots', figures[str(count)])
    if args.kill:
        figures['killed'] = run(sources, count, args, folder, kill=True)
        print_run(f'{count} robots, the hardware node of the first one killed', figures['killed'])
        for name, robot in list(figures['killed']['robots'].items())[1:]:
            before = figures[str(count)]['robots'][name]['latency_ms']['p95']
            print(f'{name}: p95 {robot["latency_ms"]["p95"] - before:+.1f} ms')
    return figures


def source(clip: str, fps: float, folder: pathlib.Path) -> dict[str, Any]:
    """Section of the camera for a clip, brought to another rate."""
    path = folder / f'{pathlib.Path(clip).stem}.mp4'
    due_s = 0.0
    plugin, options = resolve(clip)
    with load('camera', plugin, options) as video, VideoFile(path, fps) as out:
        for frame in iter(video.read, None):
            while frame.stamp_s >= due_s - 0.5 / video.fps:
                out.write(frame.image)
                due_s += 1.0 / fps
    return {'plugin': 'video', 'path': str(path), 'loop': True}


def run(sources: Sequence[dict[str, Any]], count: int, args: argparse.Namespace,
        folder: pathlib.Path, kill: bool = False) -> dict[str, Any]:
    """The report of one run, with processor time by process."""
    file, report = folder / 'fleet.yaml', folder / 'report.json'
    rate = {'rate_hz': args.rate}
    file.write_text(yaml.safe_dump({'hardware': rate, 'smoothing': rate, 'robots': [
        {'namespace': f'robot{k}', 'camera': sources[k % len(sources)]} for k in range(count)]}))
    command = [str(PROGRAM), 'fleet', str(file), '--duration', str(args.seconds), '--report',
               str(report), '--quiet', *(['--processes'] if args.processes else [])]
    fleet = subprocess.Popen(command)
    usage: dict[str, float] = {}
    watching = threading.Thread(target=watch, args=(fleet, args.seconds, kill, usage))
    watching.start()
    try:
        status = fleet.wait()
    finally:
        fleet.terminate()  # where the benchmark is interrupted
        fleet.wait()
        watching.join()
    if status:
        raise SystemExit(f'the fleet has failed: {" ".join(command)}')
    result: dict[str, Any] = json.loads(report.read_text())
    return {**result, 'cores': usage}


def watch(fleet: subprocess.Popen[bytes], seconds: float, kill: bool,
          usage: dict[str, float]) -> None:
    """Measures processor time over the last third of a run; kills before the middle."""
    start_s = time.monotonic()
    while fleet.poll() is None and len(children(fleet.pid)) < 3:
        time.sleep(0.1)
    # The nodes take some seconds to start.
    ready_s = time.monotonic() - start_s + 5.0
    if ended(fleet, ready_s + 0.4 * seconds):
        return
    if kill:
        os.kill(hardware_process(fleet.pid), signal.SIGKILL)
        return
    before = cpu_seconds(fleet.pid)
    period_s = 0.3 * seconds
    if ended(fleet, period_s):
        return
    for name, value in cpu_seconds(fleet.pid).items():
        usage[name] = round((value - before.get(name, value)) / period_s, 3)


def ended(fleet: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """True if the run ends within this time."""
    try:
        fleet.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def hardware_process(fleet: int) -> int:
    """Process with the hardware node of the first robot."""
    for pid in children(fleet):
        words = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes().decode().split('\0')
        if '__ns:=/robot0' in words and {'ros_animate.nodes.composed_node',
                                         'ros_animate.nodes.hardware_node'} & set(words):
            return pid
    raise SystemExit('the first robot has no hardware node')


def cpu_seconds(fleet: int) -> dict[str, float]:
    """Processor time so far by program."""
    total: dict[str, float] = {}
    for pid in children(fleet):
        try:
            name = program_name(pid)
            fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
            words = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes().decode().split('\0')
        except OSError:
            continue
        if name == 'fleet_node':
            name = words[words.index('ros_animate.nodes.fleet_node') + 1]
        total[name] = total.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / TICKS
    return total


def print_run(title: str, report: dict[str, Any]) -> None:
    print(f'\n{title}\n{"robot":10}{"frames":>8}{"commands/s":>12}{"dropped":>9}{"p50":>8}{"p95":>8}'
          f'{"p99":>8}  ms; ms a step: motion, policy, smoothing')
    for name, robot in report['robots'].items():
        latency, steps = robot['latency_ms'], robot['stages_ms']
        print(f'{name:10}{robot["frames"]:8d}{robot["fps"]:12.1f}{robot["dropped"]:9d}'
              + ''.join(f'{latency[p] or 0:8.1f}' for p in ('p50', 'p95', 'p99')) + '  '
              + ', '.join(f'{steps.get(s, 0):.1f}' for s in ('motion', 'policy', 'smoothing')))
    if report['cores']:
        print('cores in use: ' + ', '.join(f'{k} {v:.2f}' for k, v in report['cores'].items())
              + f'; together {sum(report["cores"].values()):.2f}', flush=True)


if __name__ == '__main__':
    main()
