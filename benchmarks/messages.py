#!/usr/bin/env python3
"""Benchmark of receiving messages: rclpy's executor and ours, with and without kept memory.

    .venv/bin/python benchmarks/messages.py [--count 300]

A node publishes images of 640x480 and short commands, another one of the same process takes them.
The time is the processor time of the receiver's thread for each message, in a process of its own
for each row.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import Header, Int32

from ros_animate.memory import keep_freed_memory
from ros_animate.nodes.conversions import image_to_message
from ros_animate.nodes.executor import MessageExecutor
from ros_animate.nodes.middleware import set_middleware_defaults
from ros_animate.nodes.qos import NEWEST
from ros_animate.outputs.machine import machine

DOMAIN = '93'
EXECUTORS = {'rclpy': SingleThreadedExecutor, 'ours': MessageExecutor}
PERIOD_S = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--count', type=int, default=300, help='messages of each kind')
    parser.add_argument('--row', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.row:
        measure(EXECUTORS[args.row[0]], args.row[1] == 'kept', args.count)
        return
    print(machine())
    print(f'{"executor":10}{"memory":10}{"command":>12}{"image":>12}')
    for executor in EXECUTORS:
        for memory in ('returned', 'kept'):
            done = subprocess.run(
                [sys.executable, __file__, '--count', str(args.count), '--row', executor, memory],
                stdout=subprocess.PIPE, text=True, check=True,
                env={**os.environ, 'ROS_DOMAIN_ID': DOMAIN})
            command_ms, image_ms = map(float, done.stdout.split())
            print(f'{executor:10}{memory:10}{command_ms:9.2f} ms{image_ms:9.2f} ms')


def measure(executor_class: type[SingleThreadedExecutor], keeps_memory: bool, count: int) -> None:
    """Prints the milliseconds of the receiver's thread for a command and for an image."""
    if keeps_memory:
        keep_freed_memory()
    set_middleware_defaults()
    rclpy.init()
    sender, receiver = rclpy.create_node('sender'), rclpy.create_node('receiver')
    image = image_to_message(
        np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8), Header())
    executor = executor_class()
    executor.add_node(receiver)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    assert thread.ident is not None
    costs = []
    for message in (Int32(), image):
        came = threading.Semaphore(0)
        receiver.create_subscription(type(message), type(message).__name__,
                                     lambda _, came=came: came.release(), NEWEST)
        publisher = sender.create_publisher(type(message), type(message).__name__, NEWEST)
        while not publisher.get_subscription_count():
            time.sleep(PERIOD_S)
        clock = time.pthread_getcpuclockid(thread.ident)
        for k in range(count + 10):
            if k == 10:  # the first ones warm up
                before_s = time.clock_gettime(clock)
            publisher.publish(message)
            came.acquire(timeout=1.0)
            time.sleep(PERIOD_S)
        costs.append(1e3 * (time.clock_gettime(clock) - before_s) / count)
    print(*costs)
    executor.shutdown()
    thread.join()
    receiver.destroy_node()
    sender.destroy_node()
    rclpy.shutdown()


if __name__ == '__main__':
    main()
