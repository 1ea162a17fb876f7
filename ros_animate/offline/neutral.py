"""The frame of an offline run that shows the person's neutral face."""
from __future__ import annotations

import dataclasses
import math
import pathlib
from dataclasses import dataclass

from ros_animate.camera.base import Source
from ros_animate.errors import UserError
from ros_animate.images import read_image
from ros_animate.types import Frame

MAX_LENGTH = 20  # of a text that is a number


@dataclass(frozen=True)
class NeutralChoice:
    """Where the neutral face is to be found; one of the three, or none of them.

    Attributes:
        frame: Index of a frame of the source, from 0.
        second: Time in the source in seconds.
        image: Path of an image.
    """

    frame: int | None = None
    second: float | None = None
    image: pathlib.Path | None = None

    def find(self, source: Source) -> Frame | None:
        """The frame, with the stamp 0; None if nothing was chosen.

        Args:
            source: The run's source, not open.

        Raises:
            UserError: The source has no such frame, or the image cannot be read.
        """
        if self.image is not None:
            return Frame(read_image(self.image), 0.0)
        if self.frame is None and self.second is None:
            return None
        if source.live:
            raise UserError('--neutral-frame chooses a frame of a recording: a camera has none yet')
        with source:
            return dataclasses.replace(self._read(source), stamp_s=0.0)

    def _read(self, source: Source) -> Frame:
        index, end_s = 0, 0.0
        while (frame := source.read()) is not None:
            if index == self.frame or (self.second is not None and frame.stamp_s >= self.second):
                return frame
            index, end_s = index + 1, frame.stamp_s
        raise UserError(f'--neutral-frame: the source ends after {index} frames, at {end_s:.2f} s')


NOWHERE = NeutralChoice()


def parse_neutral_frame(text: str) -> NeutralChoice:
    """The choice for the text of --neutral-frame; raises ValueError.

    Args:
        text: Index of a frame (90), or a time in seconds (1.5 or 3s).
    """
    if len(text) > MAX_LENGTH or not text.isascii():
        raise ValueError(text)
    if text.isdigit():
        return NeutralChoice(frame=int(text))
    second = float(text.removesuffix('s'))
    if not 0.0 <= second < math.inf:
        raise ValueError(text)
    return NeutralChoice(second=second)
