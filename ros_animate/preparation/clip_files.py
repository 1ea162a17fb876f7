"""Clips of a raw video: cropped, encoded, and written into one part of a shard."""
from __future__ import annotations

import hashlib
import os
import pathlib
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import IO, Any

import numpy as np

from ros_animate.camera.base import SourceError
from ros_animate.camera.sources.video import Video
from ros_animate.face.blendshapes import BLENDSHAPES
from ros_animate.face.crop import Crop
from ros_animate.face.framing import TIGHT
from ros_animate.face.head_angles import head_angles_deg
from ros_animate.images import encode_jpeg
from ros_animate.preparation.options import PrepareOptions
from ros_animate.preparation.plan import PlannedClip
from ros_animate.preparation.records import RawVideo
from ros_animate.preparation.shards import clip_bytes
from ros_animate.preparation.survey import Stopped

_NAME_LENGTH, _HASH_LENGTH = 40, 8


def write_clips(video: RawVideo, clips: list[PlannedClip], image_size: tuple[int, int],
                options: PrepareOptions, part: IO[bytes],
                is_stopping: Callable[[], bool]) -> list[dict[str, Any]]:
    """Reads a video again and writes its clips; returns their lines of the index.

    A line lacks what only the whole set tells: split, shard and offset. Raises SourceError, and
    Stopped.
    """
    entries: list[dict[str, Any]] = []
    crops = [Crop.of(clip.box, options.size, TIGHT.upright) for clip in clips]
    at: dict[int, list[int]] = defaultdict(list)
    for number, clip in enumerate(clips):
        for seen in clip.seen:
            at[seen.frame].append(number)
    frames: dict[int, list[bytes]] = defaultdict(list)
    with Video(Video.Config(str(video.path))) as file:
        for index in range(max(at, default=-1) + 1):
            frame = file.read()
            if frame is None:
                raise SourceError(f'{video.path} has become shorter')
            if is_stopping():
                raise Stopped
            for number in at.get(index, ()):
                frames[number].append(encode_jpeg(crops[number].take(frame.image),
                                                  options.quality))
                if len(frames[number]) == len(clips[number].seen):
                    entry = _entry(video, number, clips[number], image_size, options)
                    content = clip_bytes(entry['key'], {**entry, 'blendshapes': BLENDSHAPES},
                                         _arrays(clips[number], crops[number]),
                                         frames.pop(number))
                    entries.append({**entry, 'start': part.tell(), 'bytes': len(content)})
                    part.write(content)
    return entries


def clip_key(name: str, number: int) -> str:
    """Name of clip `number` of a video: without dots and slashes, one for each video."""
    plain = re.sub(r'[^A-Za-z0-9]+', '_', pathlib.PurePosixPath(name).stem)[:_NAME_LENGTH]
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:_HASH_LENGTH]
    return f'{plain.strip("_") or "video"}-{digest}-{number:04d}'


def _entry(video: RawVideo, number: int, clip: PlannedClip, image_size: tuple[int, int],
           options: PrepareOptions) -> dict[str, Any]:
    stamps = [seen.stamp_s for seen in clip.seen]
    corner = clip.box.centre - clip.box.size / 2
    return {
        'key': clip_key(video.name, number), 'file': video.name, 'identity': video.identity,
        'face': clip.face, 'start_s': round(stamps[0], 4), 'end_s': round(stamps[-1], 4),
        'frames': len(stamps), 'fps': round((len(stamps) - 1) / (stamps[-1] - stamps[0]), 3),
        'size': options.size, 'image_size': list(image_size),
        'square': [round(float(value), 2) for value in (*corner, clip.box.size)],
        'sharpness': round(float(np.median([seen.sharpness for seen in clip.seen])), 4),
        'angles_deg': [round(float(value), 1) for value in np.median(
            [head_angles_deg(seen.rotation) for seen in clip.seen], axis=0)]}


def _arrays(clip: PlannedClip, crop: Crop) -> Mapping[str, np.ndarray]:
    """Motion in each frame; landmarks in pixels of the crop."""
    scale = float(np.linalg.norm(crop.matrix[0, :2]))
    landmarks = np.stack([np.column_stack([crop.points(seen.landmarks[:, :2]),
                                           scale * seen.landmarks[:, 2]]) for seen in clip.seen])
    return {
        'stamps_s': np.array([seen.stamp_s for seen in clip.seen]),
        'landmarks': landmarks.astype(np.float32),
        'blendshapes': np.stack([seen.expression for seen in clip.seen]),
        'rotation': np.stack([seen.rotation for seen in clip.seen]),
        'translation': np.stack([seen.translation for seen in clip.seen]),
        'angles_deg': np.stack([head_angles_deg(seen.rotation)
                                for seen in clip.seen]).astype(np.float32)}
