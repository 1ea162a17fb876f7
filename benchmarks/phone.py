"""Latency from a phone's packet to the robot's command, live, at 60 Hz.

    python benchmarks/phone.py [--seconds S] [--processes]

A take of a moving face is sent as Live Link Face packets to a live run on this machine. The time is
that from the packet's arrival to the first command that answers it; the median and the 95th
percentile are those of the run. As a peer in the same run: a packet from socket to socket, what no
program can be faster than.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import re
import socket
import subprocess
import sys
import threading
import time

import numpy as np

from ros_animate.face.streams.live_link_face import encode
from ros_animate.face.streams.values import ARKIT, FaceValues
from ros_animate.outputs.machine import machine

RATE_HZ = 60.0


def moving_face(time_s: float) -> FaceValues:
    """A face in which everything moves, each blendshape at a rate of its own."""
    expression = {name: 0.4 - 0.4 * math.cos(time_s * (1.0 + 0.1 * i))
                  for i, name in enumerate(ARKIT)}
    return FaceValues(expression, (15 * math.sin(time_s), 5 * math.sin(1.3 * time_s), 0.0))


def send(port: int, stopping: threading.Event) -> None:
    """Sends packets to a port of this machine until `stopping` is set."""
    start_s, number = time.monotonic(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        while not stopping.wait(max(start_s + number / RATE_HZ - time.monotonic(), 0.0)):
            udp.sendto(encode(moving_face(number / RATE_HZ), number), ('127.0.0.1', port))
            number += 1


def loopback_ms() -> float:
    """95th percentile of the time of a packet from socket to socket."""
    times = []
    with (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
          socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver):
        receiver.bind(('127.0.0.1', 0))
        data = encode(moving_face(0.0), 0)
        for _ in range(500):
            start_s = time.perf_counter()
            sender.sendto(data, receiver.getsockname())
            receiver.recv(65_536)
            times.append(1e3 * (time.perf_counter() - start_s))
    return float(np.percentile(times, 95))


def main() -> int:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seconds', type=float, default=20.0)
    parser.add_argument('--processes', action='store_true')
    args = parser.parse_args()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(('127.0.0.1', 0))
        port = udp.getsockname()[1]
    stopping = threading.Event()
    thread = threading.Thread(target=send, args=(port, stopping))
    thread.start()
    try:
        run = subprocess.run(
            [sys.executable, '-m', 'ros_animate', 'retarget', '--source',
             f'live_link_face:127.0.0.1:{port}', '--duration', str(args.seconds),
             *(['--processes'] if args.processes else [])], capture_output=True, text=True)
    finally:
        stopping.set()
        thread.join()
    found = re.search(r'(\d+) frames, ([\d.]+) new commands a second, 95 of 100 within (\d+) ms',
                      run.stdout)
    if found is None:
        print(run.stdout, run.stderr, file=sys.stderr)
        return 1
    print(json.dumps({
        'machine': machine(), 'load': round(os.getloadavg()[0], 1),
        'mode': 'processes' if args.processes else 'composed', 'packets': int(found[1]),
        'commands_a_second': float(found[2]), 'packet_to_command_p95_ms': int(found[3]),
        'loopback_p95_ms': round(loopback_ms(), 3)}, indent=2))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
