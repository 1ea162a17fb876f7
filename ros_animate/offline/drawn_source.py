"""Frames of a run: those of its camera, or drawn ones where its motion comes without a camera."""
from __future__ import annotations

from ros_animate.camera.base import Source
from ros_animate.errors import UserError
from ros_animate.motion.base import DrawnFrame, MotionSource
from ros_animate.motion.drawn_face import draw
from ros_animate.settings import Settings
from ros_animate.types import Frame

WAIT_S = 1.0


class DrawnSource(Source):
    """The motions of a recording as frames that show a drawn face.

    Args:
        motions: The source of motion, which is opened and closed with this one.
    """

    def __init__(self, motions: MotionSource) -> None:
        self._motions = motions
        self.fps = motions.fps

    def open(self) -> None:
        self._motions.open()
        self.fps, self.frame_count = self._motions.fps, self._motions.frame_count

    def read(self) -> Frame | None:
        reading = self._motions.read(WAIT_S)
        if reading is None:
            return None
        return DrawnFrame(draw(reading.motion), reading.stamp_s, reading.motion)

    def close(self) -> None:
        self._motions.close()


def load_source(settings: Settings) -> Source:
    """The source of the frames; raises UserError for a live source of motion."""
    if not settings.has_motion_source:
        source: Source = settings.load('camera')
        return source
    motions: MotionSource = settings.load('motion')
    if motions.live:
        raise UserError(f'{settings.plugin("motion")} is live: leave out --offline, or record a '
                        'take first (--record-take) and run that')
    return DrawnSource(motions)
