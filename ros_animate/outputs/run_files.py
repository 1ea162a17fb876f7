"""The files of one run, in one folder."""
from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from ros_animate.errors import UserError
from ros_animate.files import drop_torn_line, temporary_path
from ros_animate.outputs.controls_table import ControlsTable
from ros_animate.outputs.file_names import FILES, PLOT, VIDEOS
from ros_animate.outputs.panels import side_by_side
from ros_animate.outputs.plots import plot_controls
from ros_animate.outputs.video import VideoFile, drop_torn_end
from ros_animate.types import Array, Image

if TYPE_CHECKING:
    from ros_animate.robot.spec import RobotSpec


def keep_partial_files(folder: pathlib.Path, files: Sequence[str] = FILES) -> None:
    """Gives what a killed writer has left its final names, as far as it can be used."""
    for name in files:
        left = temporary_path(folder / name)
        with contextlib.suppress(OSError):
            if left.suffix == '.mp4':
                drop_torn_end(left)
            elif left.suffix == '.csv':
                drop_torn_line(left)
            if left.suffix in ('.mp4', '.csv') and left.stat().st_size:
                left.replace(folder / name)
            left.unlink(missing_ok=True)


def remove_partial_files(folder: pathlib.Path, files: Sequence[str] = FILES) -> None:
    """Deletes what a killed run has left in a folder."""
    for name in files:
        temporary_path(folder / name).unlink(missing_ok=True)


class RunFiles:
    """Writes driving, animated, robot and side_by_side.mp4, controls.csv and .png, report.json.

    A context manager: leaving it, by an error or Ctrl-C too, completes every file. Files of an
    earlier run are replaced, others left alone. If one cannot be completed, because the disk is
    full, it keeps what was written until then, and the others are completed.

    Args:
        folder: An existing folder.
        spec: The robot.
        fps: Nominal frames a second.
        files: Names of the files to write; the table may have another name that ends with .csv.
    """

    def __init__(self, folder: pathlib.Path, spec: RobotSpec, fps: float,
                 files: Sequence[str] = FILES) -> None:
        self.folder = folder
        self._spec, self._files = spec, files
        remove_partial_files(folder, files)
        self._stack = contextlib.ExitStack()
        self._stack.push(self._plot)
        self._rows = 0
        self._videos = {name: self._stack.enter_context(VideoFile(folder / f'{name}.mp4', fps))
                        for name in VIDEOS if f'{name}.mp4' in files}
        self._table = None
        if self._table_file is not None:
            self._table = ControlsTable(self._table_file, spec.names)
            self._stack.callback(self._table.close)

    @property
    def _table_file(self) -> pathlib.Path | None:
        """The table of controls, None if it is not selected."""
        return next((self.folder / name for name in self._files
                     if name.lower().endswith('.csv')), None)

    def __enter__(self) -> RunFiles:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            self._stack.close()
        except UserError:
            if not isinstance(error, UserError):  # the first one tells the reason
                raise

    def write(self, driving: Image, animated: Image, robot: Image, stamp_s: float,
              position: Array) -> None:
        """Appends one frame.

        Args:
            driving: (H, W, 3) uint8 RGB, the camera's image.
            animated: The animated portrait.
            robot: Image of the robot at the end of the frame's interval.
            stamp_s: Stamp of the frame.
            position: (N,) the command in force at that end, as sent.
        """
        if self._table is not None:
            self._table.write(stamp_s, position)
        self._rows += 1
        images = {'driving': driving, 'animated': animated, 'robot': robot}
        for name, image in images.items():
            if name in self._videos:
                self._videos[name].write(image, stamp_s)
        if 'side_by_side' in self._videos:
            self._videos['side_by_side'].write(side_by_side(*images.values()), stamp_s)

    def _plot(self, kind: type[BaseException] | None, error: BaseException | None,
              trace: TracebackType | None) -> None:
        table = self._table_file
        if table is None or PLOT not in self._files:
            return
        with contextlib.nullcontext() if error is None else contextlib.suppress(UserError):
            if self._rows and table.exists():
                plot_controls(table, self._spec, self.folder / PLOT)
