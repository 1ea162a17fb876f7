"""A recorded take: the CSV file of Live Link Face, or one of blendshapes in general."""
from __future__ import annotations

import logging
from dataclasses import dataclass

from ros_animate.configuration import option
from ros_animate.face.streams.take import Take as RecordedTake
from ros_animate.face.streams.take import TakeError, read_take
from ros_animate.face.tracker_scale import ARKIT, LANDMARKER
from ros_animate.motion.base import MotionSource, Reading
from ros_animate.motion.drawn_face import face_motion


class Take(MotionSource):
    """Every row of the file, at its time; a row without a face is a moment without one."""

    @dataclass(frozen=True)
    class Config:
        """Options of the source."""

        path: str = option('', 'the CSV file')
        loop: bool = option(False, 'start over at the end; the stamps go on increasing')
        fps: float = option(0.0, 'frames a second of the timecode, or of a file without times; 0: '
                                 'as the timecode shows, else 30', low=0.0, high=1000.0)
        tracker: str = option('auto', 'tracker whose scale the blendshapes have; auto: the Face '
                                      "Landmarker's if the file has its column _neutral, else "
                                      "ARKit's", choices=('auto', ARKIT, LANDMARKER))

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self._take: RecordedTake | None = None
        self._index = 0

    def open(self) -> None:
        if not self.config.path:
            raise TakeError('which take? --source take.csv')
        self._take = take = read_take(self.config.path, self.config.fps)
        self.fps = take.fps
        self.frame_count = None if self.config.loop else len(take.faces)
        self._index, self.ended = 0, False
        if take.damaged:
            self.counts['malformed'] = take.damaged
            logging.getLogger(__name__).warning(
                '%s: %d rows could not be read and were left out', self.config.path, take.damaged)

    def read(self, timeout_s: float) -> Reading | None:
        if self._take is None:
            raise TakeError(f'{self.config.path} is not open')
        take, count = self._take, len(self._take.faces)
        if self._index >= count and not self.config.loop:
            self.ended = True
            return None
        turns, row = divmod(self._index, count)
        stamp_s = turns * (take.stamps_s[-1] + 1.0 / take.fps) + take.stamps_s[row]
        self._index += 1
        tracker = take.tracker if self.config.tracker == 'auto' else self.config.tracker
        return Reading(stamp_s, face_motion(take.faces[row], tracker, stamp_s))

    def close(self) -> None:
        self._take = None


PLUGIN = Take
