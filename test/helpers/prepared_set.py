"""A small set as `ros_animate prepare` leaves it, whose images tell clip and frame."""
from __future__ import annotations

import json
import pathlib

import numpy as np

from helpers.coloured_clips import frame
from ros_animate.images import encode_jpeg
from ros_animate.preparation.folder import INDEX, LOG, OPTIONS
from ros_animate.preparation.shards import END, clip_bytes

FRAMES = 5
IDENTITIES = {0: ('a', 'train'), 1: ('a', 'train'), 2: ('b', 'train'), 3: ('c', 'validation')}


def make_prepared_set(folder: pathlib.Path) -> pathlib.Path:
    """The folder with a clip for each of IDENTITIES."""
    folder.mkdir()
    lines, ends = [], {'train': 0, 'validation': 0}
    for clip, (identity, split) in IDENTITIES.items():
        content = clip_bytes(f'clip-{clip}', {'file': f'{clip}.mp4'}, {'stamps_s': np.arange(5.0)},
                             [encode_jpeg(frame(clip, k, (48, 48)), 95) for k in range(FRAMES)])
        with open(folder / f'{split}-000000.tar', 'ab') as shard:
            shard.write(content)
        lines.append({'key': f'clip-{clip}', 'identity': identity, 'split': split,
                      'shard': f'{split}-000000.tar', 'offset': ends[split]})
        ends[split] += len(content)
    for split in ends:
        with open(folder / f'{split}-000000.tar', 'ab') as shard:
            shard.write(END)
    (folder / INDEX).write_text(''.join(json.dumps(line) + '\n' for line in lines))
    (folder / OPTIONS).write_text('{}')
    (folder / LOG).touch()
    return folder
