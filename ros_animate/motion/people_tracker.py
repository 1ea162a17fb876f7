"""Tracks the faces of several people in a video, each with a landmarker of its own."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ros_animate.motion.face_appearance import face_colours
from ros_animate.motion.face_tracks import (
    NEAR,
    FaceTrack,
    Sighting,
    distance,
    face_extent,
    is_same_face,
    is_swapped,
)
from ros_animate.motion.landmarker import FaceDetector, Landmarker, landmarks_of
from ros_animate.types import Array, Image

# Frames in which a landmarker may still hold on to another face than the one it is to find.
_SWITCH_TRIES = 4
_NOSE_TIP = 1
# Sides in face sizes: of what is masked around other faces, and kept around the selected one.
_MASKED, _KEPT = 1.4, 1.1
# Distance in sizes at which somebody comes out from behind another face.
_BESIDE = 2.0
# Distance from a detected face, in its sizes, within which landmarks belong to it.
_OWN = 0.6


class PeopleTracker:
    """Faces in sight, each with an identity that it keeps while it is there.

    A frame is begun with `begin`, which finds one face as soon as possible, and completed with
    `complete`, which finds the others. While there is one face, this is what one landmarker does.

    Args:
        make_landmarker: Opens another landmarker.
        detector: Finds all faces of an image.
        most: Greatest number of faces.

    Attributes:
        tracks: Faces in sight, in the order in which they appeared.
        hidden: Faces that were in sight a short time ago.
        look_around_s: Time between two searches for further faces.
        remember_s: Time for which a hidden face keeps its identity.
    """

    def __init__(self, make_landmarker: Callable[[], Landmarker], detector: FaceDetector,
                 most: int) -> None:
        self.tracks: list[FaceTrack] = []
        self.hidden: list[FaceTrack] = []
        self.look_around_s = self.remember_s = 1.0
        self._make_landmarker, self._detector, self._most = make_landmarker, detector, most
        self._landmarkers = [make_landmarker()]
        self._free = list(self._landmarkers)
        self._count = 0
        self._image: Image | None = None
        self._stamp_s = self._searched_s = -np.inf
        self._pending: list[FaceTrack] = []

    def begin(self, image: Image, stamp_s: float, first: str) -> bool:
        """Starts a frame with one face; returns False if it takes the whole frame to tell it.

        Args:
            image: (H, W, 3) uint8 RGB.
            stamp_s: Stamp of the frame, not before that of the last one.
            first: Identity of the face.
        """
        self._image, self._stamp_s = image, stamp_s
        self._pending = list(self.tracks)
        due = stamp_s - self._searched_s >= self.look_around_s
        track = next((track for track in self.tracks if track.id == first), None)
        if track is None or due or self.hidden:
            return False
        self._pending.remove(track)
        self._update(track)
        return track in self.tracks and all(
            distance(track.last, other.last) > NEAR for other in self._pending)

    def complete(self) -> bool:
        """Finds the other faces of the frame; returns False if that has been done."""
        if self._image is None:
            return False
        for track in self._pending:
            self._update(track)
        self._part_doubles()
        due = self._stamp_s - self._searched_s >= self.look_around_s
        if due or self.hidden or not self.tracks:
            self._search()
        self._settle()
        self._image, self._pending = None, []
        return True

    def reset(self) -> None:
        """Forgets all faces and frames; identities are not used again."""
        for landmarker in self._landmarkers:
            landmarker.forget()
        self.tracks, self.hidden, self._free = [], [], list(self._landmarkers)
        self._image, self._pending = None, []
        self._stamp_s = self._searched_s = -np.inf

    def close(self) -> None:
        """Releases all graphs; may be called twice."""
        self._detector.close()
        for landmarker in self._landmarkers:
            landmarker.close()

    def _update(self, track: FaceTrack) -> None:
        """Finds a face where it was, or hides its track."""
        result = track.tracker.detect(self._image, self._stamp_s)
        sighting = self._sighting(result)
        if sighting is None:
            self._hide(track)
        else:
            track.last, track.motion = sighting, result

    def _sighting(self, result: Any) -> Sighting | None:
        assert self._image is not None
        landmarks = landmarks_of(result, self._image)
        if landmarks is None:
            return None
        # One face alone is compared with nobody: its colours are taken now and then.
        several = len(self.tracks) + len(self.hidden) > 1 or not self.tracks
        due = self._stamp_s - self._searched_s >= self.look_around_s
        colours = face_colours(self._image, landmarks) if several or due else None
        x, y, size = face_extent(landmarks[:, :2])
        return Sighting(self._stamp_s, np.array([x, y]), float(size), colours)

    def _hide(self, track: FaceTrack) -> None:
        """Remembers a face that is not found, and the faces that may have hidden it."""
        self.tracks.remove(track)
        for other in self.tracks:
            if distance(track.last, other.last) < _BESIDE:
                track.rivals.add(other)
                other.rivals.add(track)
        self.hidden.append(track)
        self._free.insert(0, track.tracker)
        track.tracker = None

    def _part_doubles(self) -> None:
        """Hides one of two tracks that have found one face: the one that it looks less like."""
        for one in list(self.tracks):
            for other in list(self.tracks):
                if one is other or not {one, other} <= set(self.tracks) or (
                        not is_same_face(one.last, other.last)):
                    continue
                loser = max((one, other), key=lambda track: track.difference(track.last))
                loser.tracker.forget()
                self._hide(loser)

    def _search(self) -> None:
        """Looks for faces that are not tracked: new ones, and those that were hidden."""
        assert self._image is not None
        self._searched_s = self._stamp_s
        faces = self._detector.detect(self._image)
        found = [face for face in faces if not any(
            _is_within(track.last.centre, face, _OWN) for track in self.tracks)]
        if not self.tracks and len(faces) < 2:
            # The landmarker's own search finds what the detector may have missed.
            self._find(None, [])
            return
        for face in found:
            self._find(face, [*(other for other in faces if other is not face),
                              *(np.array([*t.last.centre, t.last.size]) for t in self.tracks)])

    def _find(self, face: Array | None, others: Sequence[Array]) -> None:
        """Tracks a detected face, the only one if None, under its earlier or a new identity."""
        if len(self.tracks) >= self._most:
            return
        if not self._free:
            self._landmarkers.append(self._make_landmarker())
            self._free.append(self._landmarkers[-1])
        landmarker = self._free.pop(0)
        assert self._image is not None
        if face is None:
            result = landmarker.detect(self._image, self._stamp_s)
        else:
            result = find_alone(landmarker, self._image, self._stamp_s, face, others)
        sighting = self._sighting(result)
        if sighting is None or any(is_same_face(sighting, t.last) for t in self.tracks):
            if sighting is not None:
                landmarker.forget()
            self._free.insert(0, landmarker)
            return
        track = self._identify(sighting)
        track.last, track.motion, track.tracker = sighting, result, landmarker
        self.tracks.append(track)
        for other in self.tracks[:-1]:
            if other in track.rivals and is_swapped(other, track, sighting):
                _swap(other, track)
        self.tracks.sort(key=lambda track: track.id)

    def _identify(self, sighting: Sighting) -> FaceTrack:
        """The hidden track that a face most likely belongs to, else a new one."""
        candidates = [track for track in self.hidden
                      if track.may_be(sighting) or self._emerges(track, sighting)]
        if not candidates:
            self._count += 1
            return FaceTrack(f'f{self._count - 1:05d}', sighting)
        track = min(candidates, key=lambda track: track.difference(sighting))
        self.hidden.remove(track)
        return track

    def _emerges(self, track: FaceTrack, sighting: Sighting) -> bool:
        """True if a face appears beside the one that has hidden a track; half of it still is."""
        return any(distance(sighting, rival.last) < _BESIDE for rival in track.rivals
                   if rival in self.tracks)

    def _settle(self) -> None:
        """Learns from the faces that no other one is near; drops what is hidden for too long."""
        self.hidden = [track for track in self.hidden
                       if self._stamp_s - track.last.stamp_s <= self.remember_s]
        for track in self.tracks:
            track.rivals &= set(self.hidden) | set(self.tracks)
            near = [other for other in self.tracks if other is not track
                    and distance(track.last, other.last) < NEAR]
            if not near and not track.rivals & set(self.hidden):
                track.rivals.clear()
                track.settle()


def find_alone(landmarker: Landmarker, image: Image, stamp_s: float, face: Array,
               others: Sequence[Array], tries: int = _SWITCH_TRIES) -> Any:
    """The landmarker's result for one of several faces; the others are painted over.

    Args:
        landmarker: The landmarker; it loses the face that it has followed.
        image: (H, W, 3) uint8 RGB.
        stamp_s: Stamp of the frame.
        face: (3,) centre x, centre y and size in pixels of the face.
        others: The same of the other faces.
        tries: How often the landmarker is given the image.
    """
    masked = mask_other_faces(image, face, others)
    for _ in range(tries):
        result = landmarker.detect(masked, stamp_s)
        landmarks = landmarks_of(result, image)
        if landmarks is not None and _is_within(landmarks[_NOSE_TIP, :2], face, 1.0):
            break
    return result


def mask_other_faces(image: Image, face: Array, others: Sequence[Array]) -> Image:
    """A copy of the image in which all faces but one are painted over; (3,) as in `find_alone`."""
    result = image.copy()
    for other in others:
        result[_window(other, _MASKED)] = 128
    window = _window(face, _KEPT)
    result[window] = image[window]
    return result


def _swap(one: FaceTrack, other: FaceTrack) -> None:
    """Exchanges the faces of two tracks."""
    for name in ('last', 'motion', 'tracker'):
        mine, its = getattr(one, name), getattr(other, name)
        setattr(one, name, its)
        setattr(other, name, mine)


def _is_within(point: Array, face: Array, sizes: float) -> bool:
    return bool((np.abs(point - face[:2]) < sizes * face[2]).all())


def _window(face: Array, scale: float) -> tuple[slice, slice]:
    low = np.maximum(face[:2] - face[2] * scale / 2, 0).astype(int)
    high = np.maximum(face[:2] + face[2] * scale / 2, 0).astype(int)
    return slice(low[1], high[1]), slice(low[0], high[0])
