"""A person on video without a camera: the virtual face in human colours plays a short scene."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from ros_animate.camera.base import Source, SourceError
from ros_animate.configuration import option
from ros_animate.face.virtual import HUMAN, MUSCLES, Camera, VirtualFace
from ros_animate.types import Frame

SCENE_S = 16.0
# The tracker reports an open jaw in a face that is longer than most, though its lips are shut.
PERSON = dataclasses.replace(HUMAN, shape=(0.97, 1.0, 1.0))
_EASE_S = 0.35  # time from one expression to the next
_BLINKS_S = (0.8, 4.3, 7.6, 10.9, 14.2)
_BLINK_S = 0.22


def _both(**muscles: float) -> dict[str, float]:
    """Muscles by name; muscles that come in pairs are set on both sides."""
    state: dict[str, float] = {}
    for name, value in muscles.items():
        sides = [name] if name in MUSCLES else [f'{name}_left', f'{name}_right']
        state.update(dict.fromkeys(sides, value))
    return state


# Start of each expression in seconds, and its muscles.
_SCENE: tuple[tuple[float, dict[str, float]], ...] = (
    (0.0, {}),
    (1.2, _both(lip_corner_raise=.6, lip_corner_stretch=.5, cheek_raise=.5, eyelid_lower=.8)),
    (2.4, _both(lip_corner_raise=.8, lip_corner_stretch=.75, lip_top_raise=.35,
                lip_top_raise_middle=.3, lip_bottom_depress=.35, lip_bottom_depress_middle=.3,
                cheek_raise=.8, eyelid_lower=.6, jaw_open=.08, head_yaw=-8, head_pitch=-4)),
    (3.8, {}),
    (4.6, _both(brow_inner=.9, brow_outer=.9, eyelid_upper=1.7, eyelid_lower=1.3, jaw_open=.45,
                head_pitch=-6)),
    (5.8, _both(brow_inner=-.8, brow_outer=-.6, eyelid_upper=.8, lip_corner_raise=-.5,
                lip_bottom_depress=-.3, nose_wrinkle=.3, head_pitch=6)),
    (7.0, _both(head_yaw=20, gaze_azimuth=18)),
    (8.0, _both(head_yaw=-20, gaze_azimuth=-18)),
    (9.0, _both(lip_corner_stretch=-.8, lip_top_curl=.6, lip_bottom_curl=.6, brow_inner=.4)),
    (9.9, {**_both(lip_corner_raise=.3, head_roll=8), 'eyelid_upper_left': 0.0,
           'eyelid_lower_left': .4, 'lip_corner_raise_left': .8}),
    (11.0, _both(jaw_open=.25, head_pitch=8, gaze_elevation=10)),
    (11.5, _both(jaw_open=.08, lip_corner_stretch=-.5, head_pitch=-4)),
    (12.0, _both(jaw_open=.35, head_pitch=4)),
    (12.5, _both(jaw_open=.1, lip_corner_stretch=.5)),
    (13.0, _both(brow_inner=.8, lip_corner_raise=-.4, gaze_elevation=-18, eyelid_upper=.65,
                 head_roll=-8, head_pitch=8)),
    (14.4, _both(lip_corner_raise=.4, lip_corner_stretch=.3)),
    (15.3, {}),
)


def scene_muscles(time_s: float) -> dict[str, float]:
    """All muscles of the person at a time; the scene repeats every SCENE_S seconds."""
    time_s = time_s % SCENE_S
    current = max(k for k, (start_s, _) in enumerate(_SCENE) if start_s <= time_s)
    share = min((time_s - _SCENE[current][0]) / _EASE_S, 1.0)
    share = share * share * (3 - 2 * share)
    before, after = _SCENE[current - 1][1] if current else {}, _SCENE[current][1]
    state = {name: (1 - share) * before.get(name, rest) + share * after.get(name, rest)
             for name, rest in MUSCLES.items()}
    phase = 2 * np.pi * time_s / SCENE_S
    state['head_yaw'] += 1.5 * np.sin(2 * phase)
    state['head_pitch'] += 1.0 * np.sin(3 * phase)
    return _blinking(state, time_s)


def _blinking(state: dict[str, float], time_s: float) -> dict[str, float]:
    for start_s in _BLINKS_S:
        closed = np.sin(np.pi * np.clip((time_s - start_s) / _BLINK_S, 0, 1)) ** 0.5
        for side in ('left', 'right'):
            state[f'eyelid_upper_{side}'] *= 1 - closed
            state[f'eyelid_lower_{side}'] *= 1 - 0.5 * closed
    return state


class Demo(Source):
    """The scene, frame by frame; the same images in every run."""

    @dataclass(frozen=True)
    class Config:
        """Options of the source."""

        fps: float = option(30.0, 'frames a second', low=1.0, high=120.0)
        size: int = option(480, 'width and height in pixels', low=64, high=2048)
        loop: bool = option(False, 'repeat the scene for ever')

    def __init__(self, config: Config) -> None:
        self.config = config
        self.fps = config.fps
        self.frame_count = None if config.loop else round(SCENE_S * config.fps)
        self._face: VirtualFace | None = None
        self._next = 0

    def open(self) -> None:
        self._face = VirtualFace(PERSON, Camera((self.config.size, self.config.size), 30.0))
        self._next = 0

    def read(self) -> Frame | None:
        if self._face is None:
            raise SourceError('the demo is not open')
        if self.frame_count is not None and self._next >= self.frame_count:
            return None
        stamp_s = self._next / self.fps
        self._next += 1
        return Frame(self._face.render(scene_muscles(stamp_s)), stamp_s)

    def close(self) -> None:
        self._face = None


PLUGIN = Demo
