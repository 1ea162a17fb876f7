"""Writes a take: a CSV file as Live Link Face writes it, which Unreal and Blender read."""
from __future__ import annotations

import contextlib
import csv
import pathlib

from ros_animate.face.streams.from_motion import face_of_motion
from ros_animate.face.streams.take import NEUTRAL, take_header, take_row
from ros_animate.face.tracker_scale import LANDMARKER
from ros_animate.files import naming_write_errors
from ros_animate.outputs.controls_table import open_table
from ros_animate.types import Motion


class TakeFile:
    """The take of a run, row by row; it appears under its name when it is closed.

    A take of the Face Landmarker has one more column, `_neutral`, by which `--source` tells whose
    scale the blendshapes have.

    Args:
        path: A CSV file, which is replaced.
        tracker: `model` of the motions.
    """

    def __init__(self, path: pathlib.Path, tracker: str) -> None:
        self._path = path
        self._more = (NEUTRAL,) if tracker == LANDMARKER else ()
        self._stack = contextlib.ExitStack()
        self._writer = csv.writer(self._stack.enter_context(open_table(path)))
        self._writer.writerow([*take_header(), *self._more])

    def write(self, time_s: float, motion: Motion | None) -> None:
        """Appends a row, one without values for a moment without a face; raises WriteError.

        Args:
            time_s: Time, of which the time of day is written.
            motion: The motion.
        """
        face = face_of_motion(motion)
        more = ['' if motion is None else f'{motion.expression.get(name, 0.0):.10f}'
                for name in self._more]
        with naming_write_errors(self._path):
            self._writer.writerow([*take_row(time_s, face), *more])

    def close(self) -> None:
        """Finishes the file; may be called twice. Raises WriteError."""
        self._stack.close()
