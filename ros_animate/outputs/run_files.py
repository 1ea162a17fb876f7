"""The files of one run, in one folder."""
from __future__ import annotations

import contextlib
import pathlib
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ros_animate.outputs.controls_table import ControlsTable
from ros_animate.outputs.panels import side_by_side
from ros_animate.outputs.paths import output_file
from ros_animate.outputs.plots import plot_controls
from ros_animate.outputs.report import write_report
from ros_animate.outputs.video import VideoFile
from ros_animate.types import Array, Image

if TYPE_CHECKING:
    from ros_animate.robot.spec import RobotSpec


VIDEOS = ('driving', 'animated', 'robot', 'side_by_side')
FILES = (*(f'{name}.mp4' for name in VIDEOS), 'controls.csv', 'controls.png', 'report.json')


class RunFiles:
    """Writes driving, animated, robot and side_by_side.mp4, controls.csv and .png, report.json.

    A context manager: leaving it, by an error or Ctrl-C too, completes every file. Files of an
    earlier run are replaced, others left alone. If one cannot be completed, because the disk is
    full, it keeps what was written until then, and the others are completed.
    """

    def __init__(self, folder: pathlib.Path, spec: RobotSpec, fps: float) -> None:
        self.folder = folder
        self._spec = spec
        self._stack = contextlib.ExitStack()
        self._stack.callback(self._plot)
        self._rows = 0
        self._videos = {name: self._stack.enter_context(VideoFile(folder / f'{name}.mp4', fps))
                        for name in VIDEOS}
        self._table = ControlsTable(folder / 'controls.csv', spec.names)
        self._stack.callback(self._table.close)

    def __enter__(self) -> RunFiles:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stack.close()

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
            self._videos[name].write(image)
        self._videos['side_by_side'].write(side_by_side(*images.values()))

    def write_report(self, figures: dict[str, Any]) -> None:
        """Writes report.json."""
        write_report(self.folder / 'report.json', figures)

    def _plot(self) -> None:
        table = self.folder / 'controls.csv'
        if self._rows and table.exists():
            plot_controls(table, self._spec, self.folder / 'controls.png')


def check_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The files of a run into a folder, each of which can be written; raises ConfigurationError."""
    return [output_file(folder / name) for name in FILES]
