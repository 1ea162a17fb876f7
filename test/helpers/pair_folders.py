"""Small folders of pairs, and tiny networks to train on them."""
from __future__ import annotations

import json
import pathlib

import cv2
import numpy as np

from ros_animate.face.face_mesh import FEATURE_POINTS
from ros_animate.robot.descriptions import load_spec

SPEC = load_spec('mock')
SIZE = 32
TINY = {'bc_z': ('image_size=32', 'stem=8', 'widths=[8, 8, 8]', 'squeeze=4', 'hidden=8', 'task=4',
                 'depth=1', 'waypoints=3', 'geometry_batch=8'),
        # Its ResNet-18 cannot be smaller; AdamW's step is much cheaper than Muon's.
        'x2cnet': ('image_size=32', 'hidden=8', 'optimizer=adamw')}


def make_folder(path: pathlib.Path, count: int = 24, seed: int = 0,
                landmarks: bool = False, **extra: object) -> pathlib.Path:
    """Images whose left half is as bright as the jaw is closed; so high are the landmarks."""
    path.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = []
    for index in range(count):
        values = SPEC.low + rng.uniform(size=len(SPEC.names)) * (SPEC.high - SPEC.low)
        image = rng.integers(0, 60, (SIZE, SIZE, 3), np.uint8)
        image[:, :SIZE // 2] += np.uint8(150 * values[SPEC.index('Jaw Pitch')])
        cv2.imwrite(str(path / f'{index}.png'), image)
        lines.append({'file_name': f'{index}.png', 'ctrl_value': values.tolist(), **extra})
        if landmarks:
            x = np.linspace(0.2, 0.8, len(FEATURE_POINTS))
            y = np.full_like(x, values[SPEC.index('Jaw Pitch')])
            lines[-1]['landmarks'] = np.column_stack([x, y]).tolist()
    write_lines(path, lines)
    return path


def read_lines(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in (path / 'metadata.jsonl').read_text().splitlines()]


def write_lines(path: pathlib.Path, lines: list) -> None:
    text = '\n'.join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (path / 'metadata.jsonl').write_text(text + '\n')


def arguments(policy: str, data: pathlib.Path, output: pathlib.Path, steps: int,
              *more: str) -> list[str]:
    """Arguments of `ros_animate train policy --quiet` for a tiny network."""
    settings = [part for text in TINY[policy] for part in ('--set', text)]
    return ['train', 'policy', '--policy', policy, '--data', str(data), '--output', str(output),
            '--steps', str(steps), '--batch-size', '4', '--quiet', *settings, *more]
