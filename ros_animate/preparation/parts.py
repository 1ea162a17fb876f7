"""Work on one raw video, whose result waits in a folder until its turn comes."""
from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Generator, Sequence
from typing import Any

import cv2

from ros_animate.camera.base import SourceError
from ros_animate.cluster import SharedPaths
from ros_animate.documents import DocumentError, parse_json, read_text
from ros_animate.files import atomic_file
from ros_animate.limits import JSON_BYTES
from ros_animate.preparation.clip_files import write_clips
from ros_animate.preparation.options import PrepareOptions
from ros_animate.preparation.plan import Plan, plan_clips
from ros_animate.preparation.records import CORRUPT, NO_VIDEO, Failure, RawVideo
from ros_animate.preparation.sources import has_video_signature
from ros_animate.preparation.survey import Stopped, Survey, Surveyor
from ros_animate.workers import IsStopping, Workers, ordered_map

_ADVICE = 'start the same command again to go on, with fewer --workers if need be'
Record = dict[str, Any]


class VideoWork:
    """Makes the part of the set that one video gives; each process has its own face tracker.

    Attributes:
        folder: Folder of the parts.
    """

    def __init__(self, folder: pathlib.Path, options: PrepareOptions) -> None:
        self.folder, self._options = folder, options
        self._surveyor: Surveyor | None = None

    def part(self, video: RawVideo) -> pathlib.Path:
        """The tar members of a video's clips."""
        digest = hashlib.sha256(os.fsencode(video.name)).hexdigest()[:16]
        return self.folder / f'{digest}-{video.size}.part'

    def do(self, video: RawVideo, is_stopping: IsStopping) -> Record | None:
        """The record of a video, from an earlier run if that got so far; None if it is stopped."""
        record_file = self.part(video).with_suffix('.json')
        try:
            record: Any = parse_json(read_text(record_file, JSON_BYTES))
            return dict(record)
        except (DocumentError, TypeError, ValueError):
            pass
        try:
            record = self._make(video, is_stopping)
        except Stopped:
            return None
        # A node that was given up may still be at work on the same video.
        with atomic_file(record_file, concurrent=True) as file:
            file.write(json.dumps(record))
        return dict(record)

    def close(self) -> None:
        """Releases the face tracker of this process."""
        if self._surveyor is not None:
            self._surveyor.close()
        self._surveyor = None

    def _make(self, video: RawVideo, is_stopping: IsStopping) -> Record:
        if video.refusal is not None:
            return self._record(video, Survey(), Plan(failures=[video.refusal]), [])
        if self._surveyor is None:
            self._surveyor = Surveyor(self._options)
        try:
            survey = self._surveyor.survey(video, is_stopping)
            plan = plan_clips(survey, self._options)
            with atomic_file(self.part(video), 'wb', concurrent=True) as file:
                entries = write_clips(video, plan.clips, survey.image_size, self._options, file,
                                      is_stopping)
        except (SourceError, cv2.error):
            return self._record(video, Survey(), Plan(failures=[_unreadable(video)]), [])
        return self._record(video, survey, plan, entries)

    @staticmethod
    def _record(video: RawVideo, survey: Survey, plan: Plan, entries: list[Record]) -> Record:
        stamps = survey.stamps_s
        return {
            'file': video.name, 'bytes': video.size, 'identity': video.identity,
            'frames': len(stamps), 'seconds': round(stamps[-1], 3) if stamps else 0.0,
            'scenes': len(survey.scenes), 'faces': len(survey.tracks),
            'variable_rate': survey.has_variable_rate, 'incomplete': survey.incomplete,
            'face_frames': dict(sorted(plan.frames.items())), 'clips': entries,
            'failures': [failure.line(video.name) for failure in plan.failures]}


def _unreadable(video: RawVideo) -> Failure:
    with video.path.open('rb') as file:
        is_video = bool(has_video_signature(file.read(16)))
    if is_video:
        return Failure(CORRUPT, 'cannot be read: it is damaged or incomplete, or holds no images')
    return Failure(NO_VIDEO, 'is not a video, or of a kind that FFmpeg does not know')


def do_all(work: VideoWork, videos: Sequence[RawVideo],
           workers: Workers) -> Generator[Record, None, None]:
    """The records of the videos, in their order; closing the generator stops the workers."""
    shared = SharedPaths(tuple(video.path for video in videos if video.refusal is None),
                         (work.folder,))
    with contextlib.closing(work):
        for record in ordered_map(functools.partial(_do, work), videos, workers, _ADVICE, shared):
            assert record is not None  # nobody has stopped the work
            yield record


def _do(work: VideoWork, video: RawVideo, is_stopping: IsStopping) -> Record | None:
    return work.do(video, is_stopping)
