"""Small movements of a face that nobody drives: it blinks, looks about and breathes."""
from __future__ import annotations

import bisect
from collections.abc import Callable

import numpy as np

_SIDES = ('Left', 'Right')
# Between two blinks, and in a blink: closing, opening.
_BLINK_EVERY_S, _CLOSING_S, _OPENING_S = (1.8, 6.0), 0.09, 0.16
_TWICE, _AGAIN_S = 0.15, 0.32  # share of blinks that come twice, and after which time
# Between two glances; the eyes move at once, and the head follows by a part of the way.
_GLANCE_EVERY_S, _SACCADE_S, _HEAD_S, _HEAD_SHARE = (1.2, 4.5), 0.1, 0.9, 0.35
_AHEAD = 0.4  # share of glances that go straight ahead
_GLANCE_DEG = (14.0, 6.0)  # standard deviation to the side, and up or down
# Degrees at which a blendshape of the gaze is 1, as the rigs have them.
_LOOK_DEG = 30.0
_BREATH_HZ, _BREATH_DEG, _DRIFT_DEG = 0.22, 0.7, 0.8


class IdleLife:
    """Features of the rig (differences from a relaxed face) at any time.

    Args:
        seed: Of all that is random; the same seed gives the same movements.
    """

    def __init__(self, seed: int) -> None:
        self._blinks = _Events(np.random.default_rng((seed, 1)), _BLINK_EVERY_S, _draw_blink)
        self._glances = _Events(np.random.default_rng((seed, 2)), _GLANCE_EVERY_S, _draw_glance)
        phases = np.random.default_rng((seed, 3)).uniform(0, 2 * np.pi, 5)
        self._breath, self._drifts = phases[0], phases[1:]

    def features(self, time_s: float) -> dict[str, float]:
        """Blendshapes and head angles in degrees at a time since the start."""
        gaze, head = self._look(time_s)
        yaw, pitch, roll = self._sway(time_s)
        side, up = gaze / _LOOK_DEG
        features = {f'eyeBlink{name}': self._lids(time_s) for name in _SIDES}
        # To the person's left: the left eye looks out, the right one in.
        features |= {'eyeLookOutLeft': max(side, 0), 'eyeLookInRight': max(side, 0),
                     'eyeLookInLeft': max(-side, 0), 'eyeLookOutRight': max(-side, 0)}
        features |= {f'eyeLook{way}{name}': max(sign * up, 0)
                     for way, sign in (('Up', 1), ('Down', -1)) for name in _SIDES}
        return {**features, 'headYaw': yaw + head[0], 'headPitch': pitch - head[1],
                'headRoll': roll}

    def _lids(self, time_s: float) -> float:
        """Closure of the lids, 0 to 1."""
        closed = 0.0
        for start_s, twice in self._blinks.until(time_s, _CLOSING_S + _OPENING_S + _AGAIN_S):
            for begin_s in (start_s, start_s + _AGAIN_S)[:1 + int(twice)]:
                since_s = time_s - begin_s
                share = since_s / _CLOSING_S if since_s < _CLOSING_S else (
                    1 - (since_s - _CLOSING_S) / _OPENING_S)
                closed = max(closed, _smooth(share))
        return closed

    def _look(self, time_s: float) -> tuple[np.ndarray, np.ndarray]:
        """(2,) degrees to the left and up, of the eyes in the head and of the head."""
        before, (start_s, target) = self._glances.last_two(time_s)
        since_s = time_s - start_s
        gaze = before + _smooth(since_s / _SACCADE_S) * (target - before)
        head = _HEAD_SHARE * (before + _smooth(since_s / _HEAD_S) * (target - before))
        return gaze - head, head

    def _sway(self, time_s: float) -> tuple[float, float, float]:
        """Yaw, pitch and roll of a head that breathes and is never quite still."""
        turns = 2 * np.pi * time_s
        breath = _BREATH_DEG * np.sin(turns * _BREATH_HZ + self._breath)
        a, b, c, d = self._drifts
        return (float(_DRIFT_DEG * np.sin(turns * 0.053 + a)),
                float(breath + 0.5 * _DRIFT_DEG * np.sin(turns * 0.071 + b)),
                float(_DRIFT_DEG * (np.sin(turns * 0.043 + c) + 0.3 * np.sin(turns * 0.11 + d))))


class _Events:
    """Events at random times, each with something drawn for it; as many as are asked for."""

    def __init__(self, rng: np.random.Generator, every_s: tuple[float, float],
                 draw: Callable[[np.random.Generator], np.ndarray]) -> None:
        self._rng, self._every_s, self._draw = rng, every_s, draw
        self._times: list[float] = []
        self._drawn: list[np.ndarray] = []

    def until(self, time_s: float, span_s: float) -> list[tuple[float, np.ndarray]]:
        """The events of the last `span_s` before a time."""
        self._extend(time_s)
        last = bisect.bisect_right(self._times, time_s)
        first = bisect.bisect_left(self._times, time_s - span_s)
        return list(zip(self._times[first:last], self._drawn[first:last], strict=True))

    def last_two(self, time_s: float) -> tuple[np.ndarray, tuple[float, np.ndarray]]:
        """Value of the last event but one; time and value of the last event."""
        self._extend(time_s)
        last = bisect.bisect_right(self._times, time_s) - 1
        if last < 0:
            nothing = np.zeros_like(self._drawn[0])
            return nothing, (0.0, nothing)
        before = self._drawn[last - 1] if last else np.zeros_like(self._drawn[0])
        return before, (self._times[last], self._drawn[last])

    def _extend(self, time_s: float) -> None:
        """Draws events up to the first one after a time."""
        while not self._times or self._times[-1] <= time_s:
            before_s = self._times[-1] if self._times else 0.0
            self._times.append(before_s + float(self._rng.uniform(*self._every_s)))
            self._drawn.append(self._draw(self._rng))


def _draw_blink(rng: np.random.Generator) -> np.ndarray:
    return np.array(rng.random() < _TWICE, float)


def _draw_glance(rng: np.random.Generator) -> np.ndarray:
    """(2,) degrees to the left and up."""
    target = np.clip(rng.normal(size=2), -1.5, 1.5) * _GLANCE_DEG
    return np.zeros(2) if rng.random() < _AHEAD else target


def _smooth(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
