#!/usr/bin/env python3
"""Benchmark of image messages: conversion beside cv_bridge alone, and JPEG for compressed topics.

    .venv/bin/python benchmarks/images.py [--size 640x480] [--repeats 200]

Median times in milliseconds. A conversion that cv_bridge refuses has no figure of its own; its PyPI
version takes the padding of rows for pixels.
"""
from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from cv_bridge import CvBridge
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from ros_animate.images import encode_jpeg
from ros_animate.nodes.conversions import ENCODINGS, image_from_message, image_to_message
from ros_animate.outputs.machine import machine
from ros_animate.types import Image

# Bytes of a pixel; the others have one.
PIXEL_BYTES = {'rgb8': 3, 'bgr8': 3, '8UC3': 3, 'rgba8': 4, 'bgra8': 4, '8UC4': 4, 'mono16': 2,
               'yuv422': 2, 'uyvy': 2, 'yuv422_yuy2': 2, 'yuyv': 2, 'nv12': 1.5, 'nv21': 1.5}
QUALITIES = (50, 80, 95)
BRIDGE = CvBridge()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--size', default='640x480', help='width x height')
    parser.add_argument('--repeats', type=int, default=200)
    args = parser.parse_args()
    width, height = map(int, args.size.split('x'))
    cv2.setNumThreads(1)
    print(f'{machine()}\n{width}x{height}, one thread')
    report_conversions(width, height, args.repeats)
    report_jpeg(smooth_image(width, height), args.repeats)


def report_conversions(width: int, height: int, repeats: int) -> None:
    """Prints the time from a message of every encoding, and of an image to a message."""
    print(f'\n{"to rgb8":14}{"here":>8}{"cv_bridge alone":>17}')
    for encoding in ENCODINGS:
        message = message_of(encoding, width, height)
        report(encoding, partial(image_from_message, message),
               partial(BRIDGE.imgmsg_to_cv2, message, 'rgb8'), repeats)
    padded = message_of('rgb8', width, height, padding=64)
    report('rgb8, padded', partial(image_from_message, padded), None, repeats)
    image = smooth_image(width, height)
    report('to a message', partial(image_to_message, image, Header()),
           partial(BRIDGE.cv2_to_imgmsg, image, 'rgb8'), repeats)


def report_jpeg(image: Image, repeats: int) -> None:
    """Prints time and size of JPEG in several qualities."""
    print(f'\n{"JPEG quality":14}{"ms":>8}{"kB":>8}')
    for quality in QUALITIES:
        size_kb = len(encode_jpeg(image, quality)) / 1e3
        taken_ms = median_ms(partial(encode_jpeg, image, quality), repeats)
        print(f'{quality:<14}{taken_ms:8.2f}{size_kb:8.0f}')


def report(name: str, ours: Callable[[], object], peer: Callable[[], object] | None,
           repeats: int) -> None:
    """Prints a line with the times of both."""
    theirs = 'cannot'
    if peer is not None:
        with contextlib.suppress(KeyError, RuntimeError, TypeError, cv2.error):
            theirs = f'{median_ms(peer, repeats):.3f}'
    print(f'{name:14}{median_ms(ours, repeats):8.3f}{theirs:>17}')


def median_ms(call: Callable[[], object], repeats: int) -> float:
    """Median duration of a call in milliseconds; the first is not counted."""
    call()
    taken_s = []
    for _ in range(repeats):
        start_s = time.perf_counter()
        call()
        taken_s.append(time.perf_counter() - start_s)
    return 1e3 * float(np.median(taken_s))


def message_of(encoding: str, width: int, height: int, padding: int = 0) -> ImageMessage:
    """A message of random bytes."""
    bytes_of_pixel = PIXEL_BYTES.get(encoding, 1)
    planar = encoding in ('nv12', 'nv21')
    step = (width if planar else int(width * bytes_of_pixel)) + padding
    size = step * (height * 3 // 2 if planar else height)
    data = np.random.default_rng(0).integers(0, 256, size, np.uint8).tobytes()
    return ImageMessage(width=width, height=height, encoding=encoding, step=step, data=data)


def smooth_image(width: int, height: int) -> Image:
    """(height, width, 3) uint8 RGB with gradients and a little noise, as a camera gives it."""
    rows, columns = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(0).normal(0, 3, (height, width, 3))
    planes = np.stack([rows * 255 / height, columns * 255 / width, (rows + columns) % 256], -1)
    return np.clip(planes + noise, 0, 255).astype(np.uint8)


if __name__ == '__main__':
    main()
