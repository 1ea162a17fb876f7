"""Golden vectors: weights and inputs generated from their names, outputs to compare with.

A golden folder has, per family, `golden*.json` (a description of each entry, and the `salt` that
precedes every hashed name), `golden*.npz` (the values) and `seeding.json` (gains of the weights).
"""
from __future__ import annotations

import json
import os
import pathlib
import re
import zlib
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

OWN = pathlib.Path(__file__).resolve().parents[1] / 'golden'
SQRT2 = float(np.sqrt(2))


def find(family: str, name: str) -> pathlib.Path:
    """A golden file: in the folder that ROS_ANIMATE_GOLDEN names if it exists, else our own."""
    other = pathlib.Path(os.environ.get('ROS_ANIMATE_GOLDEN') or OWN)
    path = other / family / name
    return path if path.exists() else OWN / family / name


class Golden:
    """One golden file: the weights of its networks, its inputs, and its expected entries."""

    def __init__(self, family: str, name: str = 'golden') -> None:
        path = find(family, f'{name}.json')
        content = json.loads(path.read_text())
        seeding = find(family, 'seeding.json')
        self.salt: str = content.get('salt', '')
        self.entries: dict[str, dict[str, Any]] = content['entries']
        self.size: int = content.get('image_size', 0)
        self.rows = json.loads(seeding.read_text())['rows'] if seeding.exists() else []
        self.values = np.load(path.with_suffix('.npz'))
        self.checked: set[str] = set()

    def generator(self, name: str) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(zlib.crc32((self.salt + name).encode())))

    def image(self, name: str, height: int = 0, width: int = 0) -> Tensor:
        """(1, 3, H, W) in [0, 1]: smooth waves and a little noise."""
        height, width = height or self.size, width or self.size
        rng = self.generator(f'input.{name}')
        fx, fy = rng.uniform(-4, 4, (3, 6)), rng.uniform(-4, 4, (3, 6))
        phase, amplitude = rng.uniform(0, 2 * np.pi, (3, 6)), rng.uniform(0.3, 1, (3, 6))
        x = ((np.arange(width) + 0.5) / width)[None, None, None, :]
        y = ((np.arange(height) + 0.5) / height)[None, None, :, None]
        fx, fy, phase, amplitude = (v[..., None, None] for v in (fx, fy, phase, amplitude))
        waves = (amplitude * np.sin(2 * np.pi * (fx * x + fy * y) + phase)).sum(axis=1)
        image = 0.9 / (1 + np.exp(-waves)) + 0.1 * rng.random((3, height, width))
        return torch.from_numpy(image.astype(np.float32))[None]

    def vector(self, name: str, shape: tuple[int, ...], scale: float = 1.0,
               shift: float = 0.0) -> Tensor:
        values = self.generator(f'input.{name}').standard_normal(shape) * scale + shift
        return torch.from_numpy(values.astype(np.float32))

    def stored(self, name: str) -> Tensor:
        """An entry that is the input of others."""
        return torch.from_numpy(self.values[name])

    def fill(self, net: str, module: nn.Module) -> nn.Module:
        """`module` with weights generated from `net` and their names, in evaluation mode."""
        state = {name: self._weight(f'{net}.{name}', value)
                 for name, value in module.state_dict().items()
                 if not _is_constant(name) and not name.endswith(('_u', '_v'))}
        for name in [n for n in state if n.endswith('weight_orig')]:
            stem = name.removesuffix('_orig')
            start = self.generator(f'{net}.{stem}_u').standard_normal(state[name].shape[0])
            state[stem + '_u'], state[stem + '_v'] = singular_vectors(state[name], start)
        missing = module.load_state_dict(state, strict=False)
        assert not missing.unexpected_keys
        assert all(map(_is_constant, missing.missing_keys))
        return module.eval()

    def _weight(self, name: str, value: Tensor) -> Tensor:
        rng, shape, leaf = self.generator(name), tuple(value.shape), name.rsplit('.', 1)[-1]
        if leaf == 'num_batches_tracked':
            return torch.zeros_like(value)
        if leaf == 'running_var':
            return torch.from_numpy(1 + 0.2 * rng.random(shape)).float()
        n = rng.standard_normal(shape)
        base, mult = self._gain(name, n.ndim, value)
        if leaf in ('weight', 'weight_orig') and n.ndim >= 2:
            n = base + mult * n / np.sqrt(np.prod(shape[1:]))
        elif leaf in ('weight_ih_l0', 'weight_hh_l0'):
            n = n / np.sqrt(shape[1])
        elif leaf == 'weight':
            n = 1 + 0.1 * n
        elif leaf == 'gamma':
            n = 0.5 * n
        elif leaf == 'running_mean':
            n = 0.05 * n
        else:
            assert leaf in ('bias', 'beta', 'bias_ih_l0', 'bias_hh_l0'), name
            n = base + mult * 0.05 * n
        return torch.from_numpy(np.asarray(n)).float()

    def _gain(self, name: str, ndim: int, value: Tensor) -> tuple[Any, float]:
        base: Any = 0.0
        mult = 1.0
        for row in self.rows:
            key = row['key']
            if name == key or (key.endswith('.') and name.startswith(key) and ndim >= 2):
                mult = SQRT2 if row['mult'] == 'sqrt2' else float(row['mult'])
                base = (value.double().numpy() if row['base'] == 'constructed'
                        else float(row['base']))
        return base, mult

    def check(self, name: str, value: Tensor | np.ndarray, border: bool = False) -> None:
        """Compares with entry `name`; raises AssertionError.

        Args:
            name: Name of the entry.
            value: The output, in its full shape.
            border: True for an image warped with zeros outside, which is discontinuous at the
                border of the source: 1e-3 is allowed, and the mean difference is compared too.
        """
        self.checked.add(name)
        entry, expected = self.entries[name], self.values[name]
        full = np.asarray(value.detach() if isinstance(value, Tensor) else value)
        assert list(full.shape) == entry['full_shape'], f'{name}: {full.shape}'
        ours = full[as_slices(entry['slice'])] if entry.get('slice') else full
        difference = np.abs(ours.astype(np.float64) - expected)
        rounding = 20 * entry.get('max_abs_diff_to_float64', 0.0)
        allowed = np.maximum(rounding, 1e-5 + 1e-4 * np.abs(expected))
        if border:
            assert difference.mean() <= allowed.mean(), f'{name}: mean {difference.mean():.2g}'
            allowed = np.maximum(allowed, 1e-3)
        worst = (difference - allowed).max()
        assert worst <= 0, f'{name}: off by {difference.max():.2g}, {worst:.2g} too much'

    def names(self, waived: tuple[str, ...] = ('loss/',)) -> list[str]:
        """All entries but those that start with one of `waived`."""
        return [n for n in self.entries if not n.startswith(waived)]

    def unchecked(self, waived: tuple[str, ...] = ()) -> list[str]:
        """Entries that were not compared, except those that start with one of `waived`."""
        return [n for n in self.entries if n not in self.checked and not n.startswith(waived)]


def _is_constant(name: str) -> bool:
    """True if the entry keeps its value: Gaussians, mean and deviation of ImageNet."""
    return name.endswith('down.weight') or name in ('mean', 'std')


def singular_vectors(weight: Tensor, start: np.ndarray) -> tuple[Tensor, Tensor]:
    """Left and right singular vectors after three rounds of power iteration in float64."""
    matrix = weight.double().numpy().reshape(weight.shape[0], -1)
    u = start / np.linalg.norm(start)
    for _ in range(3):
        v = matrix.T @ u
        v /= np.linalg.norm(v)
        u = matrix @ v
        u /= np.linalg.norm(u)
    return torch.from_numpy(u).float(), torch.from_numpy(v).float()


def as_slices(text: str) -> tuple[Any, ...]:
    """'[..., ::4, 2:8]' as an index."""
    parts = re.fullmatch(r'\[(.*)\]', text.strip()).group(1).split(',')
    index: list[Any] = []
    for part in (p.strip() for p in parts):
        numbers = [int(n) if n else None for n in part.split(':')] if part != '...' else []
        index.append(slice(*numbers) if numbers else Ellipsis)
    return tuple(index)
