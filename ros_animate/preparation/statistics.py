"""Statistics of a prepared set, from its index and its log."""
from __future__ import annotations

import json
import pathlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ros_animate.files import write_atomically
from ros_animate.preparation.folder import (
    FAILURES,
    INDEX,
    STATISTICS,
    read_log,
    read_objects,
)
from ros_animate.preparation.sources import SPLITS

_PERCENTILES = (0, 5, 50, 95, 100)


def write_statistics(folder: pathlib.Path, other_files: int) -> dict[str, Any]:
    """Writes and returns the statistics of a set.

    Args:
        folder: The set.
        other_files: Files of the raw folder that are no videos.
    """
    log = list(read_log(folder))
    failures = list(read_objects(folder / FAILURES))
    clips = list(read_objects(folder / INDEX))
    statistics = {
        'videos': _videos(log, other_files),
        'failed_videos': _counted(line['reason'] for line in failures if 'face' not in line),
        'dropped_parts': _counted(line['reason'] for line in failures if 'face' in line),
        'faces_in_frames': _total(line['face_frames'] for line in log),
        'clips': _clips(clips),
        'splits': {split: _clips([clip for clip in clips if clip['split'] == split])
                   for split in SPLITS},
        'percentiles': {'of': list(_PERCENTILES), **_distributions(clips)}}
    write_atomically(folder / STATISTICS, json.dumps(statistics, indent=2) + '\n')
    return statistics


def _videos(log: Sequence[dict[str, Any]], other_files: int) -> dict[str, Any]:
    return {
        'found': len(log), 'used': sum(line['clips'] > 0 for line in log),
        'seconds': round(sum(line['seconds'] for line in log), 1),
        'with_cuts': sum(line['scenes'] > 1 for line in log),
        'with_several_faces': sum(line['faces'] > line['scenes'] for line in log),
        'with_variable_frame_rate': sum(line['variable_rate'] for line in log),
        'incomplete': sum(line['incomplete'] for line in log), 'other_files': other_files}


def _clips(clips: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {'clips': len(clips), 'frames': sum(clip['frames'] for clip in clips),
            'seconds': round(sum(clip['end_s'] - clip['start_s'] for clip in clips), 1),
            'identities': len({clip['identity'] for clip in clips})}


def _distributions(clips: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    values = {'seconds': [clip['end_s'] - clip['start_s'] for clip in clips],
              'fps': [clip['fps'] for clip in clips],
              'square_pixels': [clip['square'][2] for clip in clips],
              'sharpness': [clip['sharpness'] for clip in clips],
              **{f'{name}_deg': [clip['angles_deg'][k] for clip in clips]
                 for k, name in enumerate(('yaw', 'pitch', 'roll'))}}
    return {name: np.round(np.percentile(list_, _PERCENTILES), 3).tolist() if list_ else []
            for name, list_ in values.items()}


def _counted(reasons: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(reasons).items()))


def _total(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))
