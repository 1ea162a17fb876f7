"""The files of one run, in one folder."""
from __future__ import annotations

import contextlib
import pathlib
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ros_animate.errors import UserError
from ros_animate.files import drop_torn_line, temporary_path
from ros_animate.outputs.controls_table import ControlsTable
from ros_animate.outputs.panels import side_by_side
from ros_animate.outputs.plots import plot_controls
from ros_animate.outputs.report import write_report
from ros_animate.outputs.video import VideoFile, drop_torn_end
from ros_animate.types import Array, Image

if TYPE_CHECKING:
    from ros_animate.robot.spec import RobotSpec


VIDEOS = ('driving', 'animated', 'robot', 'side_by_side')
FILES = (*(f'{name}.mp4' for name in VIDEOS), 'controls.csv', 'controls.png', 'report.json')


def keep_partial_files(folder: pathlib.Path) -> None:
    """Gives what a killed writer has left its final names, as far as it can be used."""
    for name in FILES:
        left = temporary_path(folder / name)
        with contextlib.suppress(OSError):
            if left.suffix == '.mp4':
                drop_torn_end(left)
            elif left.suffix == '.csv':
                drop_torn_line(left)
            if left.suffix in ('.mp4', '.csv') and left.stat().st_size:
                left.replace(folder / name)
            left.unlink(missing_ok=True)


def remove_partial_files(folder: pathlib.Path) -> None:
    """Deletes what a killed run has left in a folder."""
    for name in FILES:
        temporary_path(folder / name).unlink(missing_ok=True)


class RunFiles:
    """Writes driving, animated, robot and side_by_side.mp4, controls.csv and .png, report.json.

    A context manager: leaving it, by an error or Ctrl-C too, completes every file. Files of an
    earlier run are replaced, others left alone. If one cannot be completed, because the disk is
    full, it keeps what was written until then, and the others are completed.
    """

    def __init__(self, folder: pathlib.Path, spec: RobotSpec, fps: float) -> None:
        self.folder = folder
        self._spec = spec
        remove_partial_files(folder)
        self._stack = contextlib.ExitStack()
        self._stack.push(self._plot)
        self._rows = 0
        self._videos = {name: self._stack.enter_context(VideoFile(folder / f'{name}.mp4', fps))
                        for name in VIDEOS}
        self._table = ControlsTable(folder / 'controls.csv', spec.names)
        self._stack.callback(self._table.close)

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
        self._table.write(stamp_s, position)
        self._rows += 1
        images = {'driving': driving, 'animated': animated, 'robot': robot}
        for name, image in images.items():
            self._videos[name].write(image, stamp_s)
        self._videos['side_by_side'].write(side_by_side(*images.values()), stamp_s)

    def write_report(self, figures: dict[str, Any]) -> None:
        """Writes report.json."""
        write_report(self.folder / 'report.json', figures)

    def _plot(self, kind: type[BaseException] | None, error: BaseException | None,
              trace: TracebackType | None) -> None:
        table = self.folder / 'controls.csv'
        with contextlib.nullcontext() if error is None else contextlib.suppress(UserError):
            if self._rows and table.exists():
                plot_controls(table, self._spec, self.folder / 'controls.png')
