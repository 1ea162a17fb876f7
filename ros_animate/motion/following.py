"""The face that is followed among several: by a rule, without jumping back and forth."""
from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.configuration import ConfigurationError, option
from ros_animate.errors import shown
from ros_animate.motion.face_tracks import face_extent
from ros_animate.types import Array, Motion

LARGEST, FIRST, CENTRE = RULES = ('largest', 'first', 'centre')
_ID = re.compile(r'[A-Za-z0-9_]{1,40}')
# Distances from the middle of the image, in widths, within which faces are equally central.
_CENTRAL = 0.1
_NEAREST_M = 0.05


@dataclass(frozen=True)
class VisibleFace:
    """A face in sight.

    Attributes:
        id: Its identity.
        centre: (2,) pixels.
        size: Mean of width and height in pixels.
    """

    id: str
    centre: Array
    size: float


def extent(motion: Motion) -> tuple[Array, float]:
    """Centre (2,) and size (mean of width and height) of a face in pixels.

    Without landmarks the face is in the middle, and the larger the nearer it is.
    """
    if motion.landmarks is not None:
        x, y, size = face_extent(motion.landmarks[:, :2])
        return np.array([x, y]), float(size)
    middle = np.divide(motion.image_size or (0, 0), 2)
    distance_m = 1.0 if motion.translation is None else float(np.linalg.norm(motion.translation))
    return middle, 1.0 / max(distance_m, _NEAREST_M)


def check_rule(rule: str) -> None:
    """Raises ConfigurationError for what is neither a rule nor can be the id of a face."""
    if not _ID.fullmatch(rule):
        raise ConfigurationError(f'follow: {shown(rule)} is neither one of {", ".join(RULES)} nor '
                                 'the id of a face')


def check_in_sight(rule: str, ids: Collection[str]) -> None:
    """Raises ConfigurationError for an id that is not in sight."""
    if rule not in RULES and rule not in ids:
        raise ConfigurationError(f'follow: no face {shown(rule)} is in sight; in sight: '
                                 f'{", ".join(sorted(ids)) or "none"} (or {", ".join(RULES)})')


@dataclass(frozen=True)
class FollowOptions:
    """Options of the selection, the same in every plug-in that tells faces apart."""

    follow: str = option('largest', 'the face to follow: largest, first, centre, or the id of one '
                                    'in sight')
    takeover: float = option(1.25, 'how many times larger (or nearer to the middle) another face '
                                   'must be to take over', low=1.0)
    wait_s: float = option(1.0, 'how long a lost face is waited for before another one in sight is '
                                'followed', low=0.0, high=60.0)

    def __post_init__(self) -> None:
        check_rule(self.follow)


# Names of the options; each may change while it runs.
FOLLOW = ('follow', 'takeover', 'wait_s')


class Follower:
    """Selects the followed face in each frame.

    The followed face stays the same until another one is clearly better by the rule. When it is
    lost, it is waited for: then the next one is followed. A face that was not in sight before is
    followed at once if it is the only one: somebody has moved too fast, or the scene was cut.

    Args:
        options: The rule: 'largest', 'first' (the longest in sight), 'centre' (nearest to the
            middle of the image), or the id of a face, without which the largest is followed; and
            when another face takes over.

    Attributes:
        followed: Identity of the followed face, '' for none; it may be out of sight.
    """

    def __init__(self, options: FollowOptions) -> None:
        self._options = options
        self.reset()

    def configure(self, options: FollowOptions, ids: Collection[str]) -> None:
        """Changes the options; another rule selects anew.

        Args:
            options: The new ones.
            ids: Identities of the faces in sight.

        Raises:
            ConfigurationError: The rule names a face that is not in sight.
        """
        if options.follow != self._options.follow:
            check_in_sight(options.follow, ids)
            self.reset()
        self._options = options

    def reset(self) -> None:
        """Follows nobody, until the next frame."""
        self.followed = ''
        self._last: VisibleFace | None = None
        self._seen_s = 0.0
        self._others: set[str] = set()

    def update(self, faces: Sequence[VisibleFace], image_size: tuple[int, int],
               now_s: float) -> str:
        """The identity of the face to follow, '' for none.

        Args:
            faces: Faces in sight, in the order in which they appeared.
            image_size: (width, height) in pixels.
            now_s: Stamp of the frame.
        """
        by_id = {face.id: face for face in faces}
        if self._options.follow in by_id:
            self._take(by_id[self._options.follow])
        else:
            best = self._best(faces, image_size) if faces else None
            self._last = by_id.get(self.followed, self._last)
            is_lost = self.followed not in by_id and not self._waits(by_id, now_s)
            if is_lost or self._is_better(best, self._last, image_size):
                self._take(best)
        if self.followed in by_id:
            self._seen_s, self._others = now_s, set(by_id) - {self.followed}
        return self.followed

    def _take(self, face: VisibleFace | None) -> None:
        self._last, self.followed = face, face.id if face else ''

    def _waits(self, ids: Collection[str], now_s: float) -> bool:
        """True while the lost face is waited for."""
        return bool(self.followed) and abs(now_s - self._seen_s) < self._options.wait_s and (
            not ids or bool(self._others & set(ids)))

    def _best(self, faces: Sequence[VisibleFace], image_size: tuple[int, int]) -> VisibleFace:
        if self._options.follow == FIRST:
            return faces[0]
        return max(faces, key=lambda face: self._merit(face, image_size))

    def _is_better(self, other: VisibleFace | None, followed: VisibleFace | None,
                   image_size: tuple[int, int]) -> bool:
        if self._options.follow == FIRST or other is None or followed is None:
            return False
        least = self._options.takeover * self._merit(followed, image_size)
        return self._merit(other, image_size) > least

    def _merit(self, face: VisibleFace, image_size: tuple[int, int]) -> float:
        """The greater, the better by the rule."""
        if self._options.follow != CENTRE:
            return face.size
        away = float(np.linalg.norm(face.centre - np.divide(image_size, 2))) / image_size[0]
        return 1.0 / max(away, _CENTRAL)
