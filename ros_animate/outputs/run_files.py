"""The files of one run, in one folder."""
from __future__ import annotations

import contextlib
import functools
import pathlib
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ros_animate.configuration import ConfigurationError
from ros_animate.outputs.controls_table import ControlsTable
from ros_animate.outputs.plots import plot_controls
from ros_animate.outputs.report import write_report
from ros_animate.outputs.video import VideoFile, fit
from ros_animate.types import Array, Image

if TYPE_CHECKING:
    from ros_animate.robot.spec import RobotSpec

PANEL_HEIGHT = 512
MAX_PANEL_WIDTH = 910
LABEL_HEIGHT = 40
LABELS = ('driving', 'animated portrait', 'robot')


class Outputs:
    """driving, animated, robot and side_by_side.mp4, controls.csv and .png, report.json.

    A context manager: leaving it, by an error or Ctrl-C too, completes every file. Files of an
    earlier run are replaced, others left alone.
    """

    def __init__(self, folder: pathlib.Path, spec: RobotSpec, fps: float) -> None:
        self.folder = folder
        self._spec = spec
        self._stack = contextlib.ExitStack()
        self._rows = 0
        self._videos = {name: self._stack.enter_context(VideoFile(folder / f'{name}.mp4', fps))
                        for name in ('driving', 'animated', 'robot', 'side_by_side')}
        self._table = ControlsTable(folder / 'controls.csv', spec.names)
        self._stack.callback(self._table.close)

    def __enter__(self) -> Outputs:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stack.close()
        if self._rows:
            plot_controls(self.folder / 'controls.csv', self._spec, self.folder / 'controls.png')

    def write(self, driving: Image, animated: Image, robot: Image, stamp_s: float,
              position: Array) -> None:
        """Appends one frame.

        Args:
            driving: (H, W, 3) uint8 RGB, the camera's picture.
            animated: The portrait, moved.
            robot: The robot's picture at the end of the frame's interval.
            stamp_s: Stamp of the frame.
            position: (N,) the command in force then, as sent.
        """
        self._table.write(stamp_s, position)
        self._rows += 1
        pictures = {'driving': driving, 'animated': animated, 'robot': robot}
        for name, image in pictures.items():
            self._videos[name].write(image)
        self._videos['side_by_side'].write(side_by_side(*pictures.values()))

    def write_report(self, figures: dict[str, Any]) -> None:
        """Writes report.json."""
        write_report(self.folder / 'report.json', figures)


def make_folder(path: str | pathlib.Path) -> pathlib.Path:
    """The output folder, made and proven writable; raises ConfigurationError."""
    folder = pathlib.Path(path).expanduser()
    probe = folder / '.part.probe'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigurationError(
            f'cannot write into the folder {folder}: {error.strerror}') from error
    return folder


def side_by_side(*images: Image, labels: Sequence[str] = LABELS) -> Image:
    """The pictures at one height beside each other, labelled above."""
    panels = [_panel(image) for image in images]
    strips = [_label(text, panel.shape[1]) for text, panel in zip(labels, panels, strict=True)]
    return np.vstack([np.hstack(strips), np.hstack(panels)])


def _panel(image: Image) -> Image:
    height, width = image.shape[:2]
    wanted = min(MAX_PANEL_WIDTH, max(64, 2 * round(PANEL_HEIGHT * width / height / 2)))
    return fit(image, (wanted, PANEL_HEIGHT))


@functools.lru_cache(maxsize=32)
def _label(text: str, width: int) -> Image:
    """(LABEL_HEIGHT, width, 3): light text in the middle of a dark strip."""
    strip = np.full((LABEL_HEIGHT, width, 3), 24, np.uint8)
    font, scale = cv2.FONT_HERSHEY_DUPLEX, 0.65
    (text_width, text_height), _ = cv2.getTextSize(text, font, scale, 1)
    if text_width < width:
        place = ((width - text_width) // 2, (LABEL_HEIGHT + text_height) // 2)
        cv2.putText(strip, text, place, font, scale, (230, 230, 230), 1, cv2.LINE_AA)
    return strip
