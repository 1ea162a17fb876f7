"""report.json: number of frames, rate, times. docs/run_files.md describes every key."""
from __future__ import annotations

import json
import pathlib
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from ros_animate.files import write_atomically


class Report:
    """Counts frames and collects their times."""

    def __init__(self) -> None:
        self.frames = 0
        self.dropped = 0
        self.face_missing = 0
        self.computing_s: list[float] = []
        self.stages_s: defaultdict[str, list[float]] = defaultdict(list)
        self._first_s = self._last_s = 0.0

    def add(self, stages_s: dict[str, float], *, face: bool, computing_s: float) -> None:
        """Counts one frame.

        Args:
            stages_s: Seconds that each stage took for it.
            face: True if a face was found in it.
            computing_s: Time of the stages that its command waited for.
        """
        self._last_s = time.perf_counter()
        if not self.frames:
            self._first_s = self._last_s
        self.frames += 1
        self.face_missing += not face
        self.computing_s.append(computing_s)
        for stage, seconds in stages_s.items():
            self.stages_s[stage].append(seconds)

    def figures(self) -> dict[str, Any]:
        """Content of report.json: rate from first to last frame, median milliseconds a stage."""
        elapsed_s = self._last_s - self._first_s
        return {
            'frames': self.frames,
            'fps': round((self.frames - 1) / elapsed_s, 2) if elapsed_s else 0.0,
            'dropped': self.dropped,
            'face_missing': self.face_missing,
            'computing_ms': percentiles_ms(self.computing_s),
            'stages_ms': {stage: round(1e3 * float(np.median(seconds)), 3)
                          for stage, seconds in self.stages_s.items()},
        }


def faces_found(missing: int, frames: int) -> str:
    """Words about the frames without a face, with a hint where there was none in any frame."""
    if frames and missing >= frames:
        return ('no face in any of them: it has to be upright, lit, and at least a tenth of the '
                "image's height; try --param motion.min_detection=0.3")
    return f'no face in {missing}' if missing else 'a face in each'


def percentiles_ms(seconds: Sequence[float]) -> dict[str, float | None]:
    """{'p50', 'p95', 'p99'} in milliseconds; None where nothing was measured."""
    if not len(seconds):
        return {'p50': None, 'p95': None, 'p99': None}
    values = np.percentile(np.asarray(seconds) * 1e3, (50, 95, 99))
    return {name: round(float(v), 3) for name, v in zip(('p50', 'p95', 'p99'), values,
                                                       strict=True)}


def write_report(path: pathlib.Path, figures: dict[str, Any]) -> None:
    """Writes a JSON file atomically."""
    write_atomically(path, json.dumps(figures, indent=2) + '\n')
