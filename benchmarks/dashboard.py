#!/usr/bin/env python3
"""The price of the dashboard: latency with and without an open page, memory while it stays open.

    .venv/bin/python benchmarks/dashboard.py [--source face.mp4] [--seconds 15] [--rounds 4]
        [--minutes 0] [--browser]

A video runs live in one process; by default it is the demo's scene, which is drawn before the run:
a camera needs no time for drawing. In turn nobody looks, and somebody does: a client that takes all
that a browser takes, as one on another machine would, or with --browser a headless Chromium on
this machine, which draws without a graphics card and so costs far more than the dashboard. The
latency is that of new commands: from the camera's stamp to the moment they were sent. With
--minutes the page then stays open in Chromium, and memory is written down each minute.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np

from ros_animate.camera.sources.demo import Demo
from ros_animate.interrupts import unwind_on_signals
from ros_animate.outputs.machine import machine
from ros_animate.outputs.video import VideoFile
from ros_animate.runtime.environment import node_environment
from ros_animate.scheduling import lower_priority

PROGRAM = pathlib.Path(sys.executable).parent / 'ros_animate'
DOMAIN = '91'
ADDRESS = re.compile(r'dashboard: (http://\S+)')
SETTLE_S = 4.0
START_S = 90.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--source', help="default: a video of the demo's scene")
    parser.add_argument('--seconds', type=float, default=15.0, help='of each phase')
    parser.add_argument('--rounds', type=int, default=4, help='closed and open in turn')
    parser.add_argument('--minutes', type=float, default=0.0, help='of the memory run')
    parser.add_argument('--browser', action='store_true', help='look with Chromium')
    parser.add_argument('--json', help='also write the figures to this file')
    args, more = parser.parse_known_args()
    unwind_on_signals()
    os.environ['ROS_DOMAIN_ID'] = DOMAIN
    os.environ.update(node_environment())
    print(machine())
    with tempfile.TemporaryDirectory() as folder, running(
            ['--source', args.source or scene_video(pathlib.Path(folder)), *more],
            ) as (run, address, begin_s):
        print(f'start to address {time.monotonic() - begin_s:.1f} s', end='')
        first_image(address)
        print(f', to the first image {time.monotonic() - begin_s:.1f} s')
        stops = stop_times(address)
        print(f'emergency stop, request to confirmation: median {np.median(stops):.0f} ms, '
              f'longest {max(stops):.0f} ms of {len(stops)}')
        figures = {'stop_ms': stops, 'latency_ms': latencies(address, args),
                   'memory': memory(run, address, args)}
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({'machine': machine(), **figures}, indent=1))
    return 0


def scene_video(folder: pathlib.Path) -> str:
    """Path of a video of the demo's scene."""
    demo = Demo(Demo.Config())
    demo.open()
    path = folder / 'scene.mp4'
    with VideoFile(path, demo.fps) as video:
        while (frame := demo.read()) is not None:
            video.write(frame.image, frame.stamp_s)
    return str(path)


@contextlib.contextmanager
def running(arguments: list[str]) -> Iterator[tuple[int, str, float]]:
    """(process number of the run, address of its dashboard, time of the start)."""
    begin_s = time.monotonic()
    run = subprocess.Popen([PROGRAM, 'retarget', '--loop', '--dashboard', '--quiet', *arguments],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found: list[str] = []
    last = ['no output']

    def read() -> None:
        assert run.stdout is not None
        for line in run.stdout:
            last.append(line.strip())
            found.extend(ADDRESS.findall(line))
    threading.Thread(target=read, daemon=True).start()
    try:
        end_s = time.monotonic() + START_S
        while not found:
            if run.poll() is not None or time.monotonic() > end_s:
                raise SystemExit(f'the run has not started: {last[-1]}')
            time.sleep(0.05)
        yield run.pid, found[0], begin_s
    finally:
        run.terminate()
        run.wait(60)


class Client:
    """Takes images and values like a browser, and confirms the images; a context manager."""

    def __init__(self, address: str) -> None:
        from websockets.sync.client import connect
        with urllib.request.urlopen(address) as page:  # what a browser asks for first
            page.read()
        self.images = 0
        self._socket: Any = connect(address.replace('http', 'ws', 1) + 'live', max_size=2 ** 22)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _read(self) -> None:
        lower_priority(nice=19)  # on another machine it would cost nothing here
        with contextlib.suppress(Exception):  # the connection has ended
            for message in self._socket:
                if isinstance(message, bytes):
                    self.images += 1
                    self._socket.send('{"ack":1}')


def first_image(address: str) -> None:
    """Waits for the first image."""
    with Client(address) as client:
        while not client.images:
            time.sleep(0.02)


def stop_times(address: str, count: int = 20) -> list[float]:
    """Milliseconds from the request of an emergency stop to the answer that it is in force."""
    from ros_animate.nodes.pipeline_client import PipelineClient
    times = []
    with PipelineClient('', START_S) as client:
        for _ in range(count):
            begin_s = time.perf_counter()
            request = urllib.request.Request(f'{address}api/estop', method='POST')
            with urllib.request.urlopen(request) as answer:
                done = json.load(answer)['done']
            times.append(1e3 * (time.perf_counter() - begin_s))
            if not done:
                raise SystemExit('the emergency stop was not confirmed')
            client.trigger(['hardware/reset_estop'])
    return times


@contextlib.contextmanager
def chromium(address: str) -> Iterator[Any]:
    """A page in a headless Chromium."""
    from playwright.sync_api import sync_playwright
    path = shutil.which('chromium') or shutil.which('google-chrome')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[
            '--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'])
        page = browser.new_page(viewport={'width': 1280, 'height': 900})
        page.goto(address)
        yield page
        browser.close()


def latencies(address: str, args: argparse.Namespace) -> dict[str, list[float]]:
    """Latencies in milliseconds with the page closed and open; prints their percentiles."""
    found: dict[str, list[float]] = {'closed': [], 'open': []}
    if not args.rounds:
        return found
    with Commands() as commands:
        for _ in range(args.rounds):
            found['closed'] += commands.latencies(args.seconds)
            with chromium(address) if args.browser else Client(address):
                found['open'] += commands.latencies(args.seconds)
    p95 = {}
    for name, values in found.items():
        p50, p95[name] = np.percentile(values, (50, 95)) if values else (np.nan, np.nan)
        print(f'{name:7}{len(values):6} new commands, latency p50 {p50:6.1f} ms, '
              f'p95 {p95[name]:6.1f} ms')
    print(f'open - closed: p95 {p95["open"] - p95["closed"]:+.1f} ms')
    return found


class Commands:
    """Latencies of new commands; a context manager."""

    def __init__(self) -> None:
        from ros_animate.msg import Command

        from ros_animate.nodes.messages import seconds
        from ros_animate.nodes.qos import buffered
        from ros_animate.nodes.spinner import BackgroundNode
        self._seconds, self._stamp_s = seconds, 0.0
        self._found: list[float] = []
        self._background = BackgroundNode('benchmark')
        self._background.node.create_subscription(Command, 'commands', self._note, buffered(200))

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_: object) -> None:
        self._background.close()

    def latencies(self, duration_s: float) -> list[float]:
        """Milliseconds of the new commands of a while, after things have settled."""
        time.sleep(SETTLE_S)
        self._found.clear()
        time.sleep(duration_s)
        return list(self._found)

    def _note(self, message: Any) -> None:
        stamp_s = self._seconds(message.header.stamp)
        if stamp_s and stamp_s != self._stamp_s:
            self._stamp_s = stamp_s
            self._found.append(1e3 * (self._seconds(message.sent) - stamp_s))


def memory(run: int, address: str, args: argparse.Namespace) -> list[tuple[float, ...]]:
    """(minute, MB of the dashboard, MB of the page's JavaScript) while the page stays open."""
    if not args.minutes:
        return []
    samples: list[tuple[float, ...]] = []
    with chromium(address) as page:
        begin_s = time.monotonic()
        while (minute := (time.monotonic() - begin_s) / 60) < args.minutes:
            page.wait_for_timeout(60_000 if samples else 30_000)
            page.request_gc() if hasattr(page, 'request_gc') else None
            heap = page.evaluate('performance.memory.usedJSHeapSize') / 1e6
            samples.append((minute, resident_mb(dashboard_process(run)), heap))
            print('minute {:5.1f}: dashboard {:6.1f} MB, page {:5.1f} MB'.format(*samples[-1]),
                  flush=True)
    later = np.array(samples[len(samples) // 3:])
    if len(later) > 2:
        print('slope of the last two thirds: dashboard {:+.2f}, page {:+.2f} MB a minute'.format(
            *np.polyfit(later[:, 0], later[:, 1:], 1)[0]))
    return samples


def dashboard_process(run: int) -> int:
    """Process number of the dashboard among the children of a run."""
    children = pathlib.Path(f'/proc/{run}/task/{run}/children').read_text().split()
    return next(int(child) for child in children
                if b'ros_animate.dashboard' in pathlib.Path(f'/proc/{child}/cmdline').read_bytes())


def resident_mb(process: int) -> float:
    """Memory of a process that is its own."""
    text = pathlib.Path(f'/proc/{process}/smaps_rollup').read_text()
    return sum(int(kb) for kb in re.findall(r'Private_\w+:\s+(\d+) kB', text)) / 1e3


if __name__ == '__main__':
    sys.exit(main())
