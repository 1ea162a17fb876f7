"""Figures of a live run, for its report."""
from __future__ import annotations

import array
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from ros_animate.msg import Command as CommandMessage
from ros_animate.msg import Motion as MotionMessage
from ros_animate.nodes.messages import NANOSECONDS, nanoseconds, seconds
from ros_animate.nodes.stage_node import STAMPS_OK
from ros_animate.outputs.report import percentiles_ms
from ros_animate.plugins import STAGES

# Half an hour of frames; an array of 0.5 MB.
MAX_SAMPLES = 2 ** 16
NEWEST = 100


class Samples:
    """Numbers of a run of any length in bounded memory, evenly spread over the run.

    When there are too many, every other one is dropped, and from then on half as many are kept.

    Attributes:
        values: The numbers that were kept.
        newest: The newest ones.
    """

    def __init__(self) -> None:
        self.values = array.array('d')
        self.newest: deque[float] = deque(maxlen=NEWEST)
        self._count, self._stride = 0, 1

    def add(self, value: float) -> None:
        """Adds a number."""
        self.newest.append(value)
        if self._count % self._stride == 0:
            self.values.append(value)
        self._count += 1
        if len(self.values) >= MAX_SAMPLES:
            self.values = self.values[::2]
            self._stride *= 2


@dataclass
class RunFigures:
    """Counts and times of the run so far.

    Attributes:
        frames: Frames that the camera has published.
        motions: Frames that the motion node has answered.
        face_missing: Motions without a face.
        answered: Frames that a command has answered.
        latencies_s: Times from frame to command, evenly spread over the run.
        stages_ms: Median duration of a step of each stage.
        stamps: Judgement of the stamps that the stages get; 'ok' if they are good.
    """

    frames: int = 0
    motions: int = 0
    face_missing: int = 0
    answered: int = 0
    latencies_s: Samples = field(default_factory=Samples)
    stages_ms: dict[str, float] = field(default_factory=dict)
    stamps: str = STAMPS_OK
    _last_stamp: tuple[int, int] = (0, 0)
    _first_sent_s: float = 0.0
    _last_sent_s: float = 0.0

    def add_motion(self, message: MotionMessage) -> None:
        """Counts a motion."""
        self.motions += 1
        self.face_missing += message.confidence <= MotionMessage.CONFIDENCE_NOTHING_FOUND

    def add_command(self, message: CommandMessage) -> None:
        """Measures the latency of the first command that answers a camera frame."""
        stamp = (message.header.stamp.sec, message.header.stamp.nanosec)
        if stamp <= self._last_stamp:
            return
        self._last_stamp = stamp
        self._last_sent_s = seconds(message.sent)
        self._first_sent_s = self._first_sent_s or self._last_sent_s
        self.answered += 1
        late_ns = nanoseconds(message.sent) - nanoseconds(message.header.stamp)
        self.latencies_s.add(late_ns / NANOSECONDS)

    def as_report(self) -> dict[str, Any]:
        """Content of report.json."""
        passed_s = self._last_sent_s - self._first_sent_s
        frames = max(self.frames, self.motions)
        return {'frames': frames,
                'fps': round((self.answered - 1) / passed_s, 2) if passed_s > 0 else 0.0,
                'dropped': frames - self.motions,
                'face_missing': self.face_missing,
                'latency_ms': percentiles_ms(self.latencies_s.values),
                'stamps': self.stamps,
                'stages_ms': {k: self.stages_ms[k] for k in STAGES if k in self.stages_ms}}

    def as_status(self) -> dict[str, Any]:
        """Content of a line of progress."""
        return {'answered': self.answered, 'frames': max(self.frames, self.motions),
                'latency_ms': percentiles_ms(self.latencies_s.newest)['p50']}
