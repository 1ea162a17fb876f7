"""Decoded clips as squares of one size: kept in memory as far as they fit, or in a cache."""
from __future__ import annotations

import contextlib
import hashlib
import logging
import pathlib
import threading
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from ros_animate.arrays import read_array
from ros_animate.documents import DocumentError
from ros_animate.face.crop import Box, Crop
from ros_animate.face.finder import find_face, open_tracker
from ros_animate.face.framing import TIGHT, common_box
from ros_animate.files import atomic_file
from ros_animate.training.animation.clip_files import ClipError, ClipFile
from ros_animate.training.animation.source import DataOptions
from ros_animate.types import Image

_log = logging.getLogger(__name__)
_LOGGED = 10  # unusable clips that are logged
_FACES = 6  # frames of a clip in which its face is searched


class ClipReader:
    """Reads clips, each at most once while the memory suffices.

    Args:
        size: Width and height of the squares in pixels.
        options: Options of the data: thinning, crop, memory, cache.

    Attributes:
        skipped: Clips that turned out to be unusable so far, with the reasons.
    """

    def __init__(self, size: int, options: DataOptions) -> None:
        self._size, self._options = size, options
        self._cache = pathlib.Path(options.cache).expanduser() if options.cache else None
        self._kept: OrderedDict[str, Image | None] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self.skipped: list[str] = []

    def frames(self, clip: ClipFile) -> Image | None:
        """(T, size, size, 3), thinned out, T at least 2; None if the clip is unusable."""
        with self._lock:
            if clip.name in self._kept:
                self._kept.move_to_end(clip.name)
                return self._kept[clip.name]
        frames = self._read(clip)
        with self._lock:
            if clip.name not in self._kept:
                self._keep(clip.name, frames)
        return frames

    def whole(self, clip: ClipFile) -> Image | None:
        """All frames (T, size, size, 3), which are not kept; None if the clip is unusable."""
        return self._decode(clip, None)

    def _keep(self, name: str, frames: Image | None) -> None:
        self._kept[name] = frames
        self._bytes += _size(frames)
        while self._bytes > self._options.memory_gb * 1e9 and len(self._kept) > 1:
            self._bytes -= _size(self._kept.popitem(last=False)[1])

    def _read(self, clip: ClipFile) -> Image | None:
        if self._cache is None:
            return self._decode(clip, self._options.clip_frames)
        path = self._cache / f'clip-{self._fingerprint(clip)}.npy'
        try:
            kept = read_array(path, mapped=True)
            if kept.shape[1:] == (self._size, self._size, 3) and kept.dtype == np.uint8:
                return kept
        except DocumentError:
            pass
        frames = self._decode(clip, self._options.clip_frames)
        if frames is not None:
            _write(path, frames)
        return frames

    def _decode(self, clip: ClipFile, limit: int | None) -> Image | None:
        try:
            crop = self._crop(clip)
            squares = (self._square(image, crop) for image in clip.images())
            frames = thin_out(squares, limit)
            if len(frames) < 2:
                raise ClipError(f'{len(frames)} frames can be read, a pair needs two')
            return np.stack(frames)
        except ClipError as error:
            self.skip(f'{clip.name}: {error}')
            return None

    def _crop(self, clip: ClipFile) -> Box | None:
        """The square around the clip's face; None for the middle of each image."""
        if not self._options.face_crop:
            return None
        images = thin_out(clip.images(), _FACES)
        with contextlib.closing(open_tracker()) as tracker:
            faces = [find_face(image, search_squares=False, tracker=tracker) for image in images]
        boxes = [TIGHT.box(face) for face in faces if face is not None]
        if not boxes:
            raise ClipError('no face is found in it')
        box = common_box(boxes)
        if box is None:
            raise ClipError('its faces are too far apart for one square')
        return box

    def _square(self, image: Image, box: Box | None) -> Image:
        if box is None:
            return Crop.middle(image, self._size).take(image)
        return Crop.of(box, self._size, TIGHT.upright).take(image)

    def skip(self, reason: str) -> None:
        """Notes and logs once what is unusable, with the reason."""
        with self._lock:
            if reason in self.skipped:
                return
            self.skipped.append(reason)
            if len(self.skipped) <= _LOGGED:
                _log.warning('skipped %s', reason)

    def _fingerprint(self, clip: ClipFile) -> str:
        """Hash of the files and of the options that change the frames."""
        options = self._options
        known = [clip.name, self._size, options.clip_frames, options.face_crop,
                 options.held_out_share]
        for path in clip.files:
            state = path.stat() if path.exists() else None
            known += [str(path.resolve()), *((state.st_size, state.st_mtime_ns) if state else ())]
        return hashlib.sha256(repr(known).encode()).hexdigest()[:24]


def thin_out(images: Iterator[Image], limit: int | None) -> list[Image]:
    """All images, or every 2nd, 4th, … so that `limit` to twice as many are left."""
    kept: list[Image] = []
    stride = 1
    for number, image in enumerate(images):
        if number % stride == 0:
            kept.append(image)
        if limit is not None and len(kept) > 2 * limit:
            kept, stride = kept[::2], 2 * stride
    return kept


def _size(frames: Image | None) -> int:
    """Bytes in memory; frames that are mapped from the cache need none."""
    return 0 if frames is None or isinstance(frames, np.memmap) else frames.nbytes


def _write(path: pathlib.Path, frames: Image) -> None:
    """Writes frames atomically into the cache; logs if that is impossible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path, 'wb', concurrent=True) as file:
            np.save(file, frames)
    except OSError as error:
        _log.warning('cannot keep a decoded clip in %s: %s', path.parent, error.strerror)
