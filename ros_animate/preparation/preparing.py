"""`ros_animate prepare`: a folder of raw videos to a training set."""
from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from dataclasses import dataclass
from typing import Any

from ros_animate.errors import UserError
from ros_animate.interrupts import DeferredSignals
from ros_animate.outputs.progress import Progress
from ros_animate.preparation.contact_sheet import write_contact_sheet
from ros_animate.preparation.folder import FAILURES, PreparedFolder
from ros_animate.preparation.options import PrepareOptions
from ros_animate.preparation.parts import VideoWork, do_all
from ros_animate.preparation.records import RawVideo
from ros_animate.preparation.sources import find_videos, next_split
from ros_animate.preparation.statistics import write_statistics
from ros_animate.workers import Workers

VERSION = 1  # of the clips that a video gives
_MB = 1e6


@dataclass(frozen=True)
class PrepareRequest:
    """A preparation as the command line requests it.

    Attributes:
        videos: Folder of the raw videos.
        output: Folder of the set.
        options: Options of the set.
        workers: Number of processes, or a cluster.
        quiet: True for no progress.
    """

    videos: pathlib.Path
    output: pathlib.Path
    options: PrepareOptions
    workers: Workers
    quiet: bool = False


def prepare(request: PrepareRequest) -> dict[str, Any]:
    """Adds the videos that are missing in a set, and returns its statistics.

    The set does not depend on the number of workers, nor on interruptions.

    Raises:
        UserError: There are no videos, the folder cannot be written, or no video gives a clip.
    """
    videos, others = find_videos(request.videos, request.output, request.options)
    settings = {'version': VERSION, **dataclasses.asdict(request.options)}
    shard_bytes = request.options.shard_mb * _MB
    with PreparedFolder(request.output, settings, shard_bytes) as folder:
        todo = [video for video in videos if video.name not in folder.done]
        _fill(folder, todo, request)
        with DeferredSignals():
            folder.finish()
            statistics = write_statistics(request.output, others)
            write_contact_sheet(request.output)
    if not statistics['clips']['clips']:
        reasons = ', '.join(f'{count} {reason}'
                            for reason, count in statistics['failed_videos'].items())
        raise UserError(f'none of {len(videos)} videos gives a clip: {reasons}; see '
                        f'{request.output / FAILURES}')
    return statistics


def _fill(folder: PreparedFolder, todo: list[RawVideo], request: PrepareRequest) -> None:
    work = VideoWork(folder.work, request.options)
    left = sum(video.size for video in todo)
    with (Progress('preparing', len(folder.done) + len(todo), 'video', quiet=request.quiet,
                   initial=len(folder.done)) as progress,
          contextlib.closing(do_all(work, todo, request.workers)) as records,
          Progress('', left, 'byte', quiet=True) as read):
        for video, record in zip(todo, records, strict=True):
            split = (folder.splits.get(video.identity)
                     or next_split(folder.splits, request.options))
            with DeferredSignals():  # a signal waits until the video is complete
                folder.add(record, split if record['clips'] else '', work.part(video))
            read.add(video.size)
            left_s = read.left_s(read.count)
            progress.set(len(folder.done), '' if left_s is None else f'{_duration(left_s)} left')


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f'{seconds:.0f} s' if minutes < 2 else (
        f'{minutes:.0f} min' if minutes < 120 else f'{minutes / 60:.1f} h')
