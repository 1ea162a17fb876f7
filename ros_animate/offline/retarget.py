"""`ros_animate retarget --offline`: runs a source through the pipeline and writes files."""
from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Callable, Iterable, Iterator

from ros_animate.camera.base import Source
from ros_animate.face.tracker_scale import ARKIT
from ros_animate.files import locked_folder
from ros_animate.interrupts import DeferredSignals
from ros_animate.offline.drawn_source import load_source
from ros_animate.offline.neutral import NOWHERE, NeutralChoice
from ros_animate.outputs.file_names import REPORT, written_files
from ros_animate.outputs.progress import Progress
from ros_animate.outputs.report import Report, faces_found, write_report
from ros_animate.outputs.run_files import RunFiles
from ros_animate.outputs.take_file import TakeFile
from ros_animate.pipeline import Pipeline, Step
from ros_animate.settings import RunOptions, Settings
from ros_animate.types import Frame


class Stopped(Exception):
    """The run shall end."""


def run(settings: Settings, options: RunOptions, neutral: NeutralChoice = NOWHERE) -> int:
    """Runs every frame of the source, prints a summary; returns the exit status.

    Args:
        settings: Checked settings.
        options: How to run.
        neutral: Where the person's neutral face is to be found; by default nowhere.
    """
    report = retarget(settings, options, neutral)
    if not options.quiet:
        print(_summary(report, options))
    return 0


def retarget(settings: Settings, options: RunOptions, neutral: NeutralChoice = NOWHERE,
             is_stopping: Callable[[], bool] | None = None) -> Report:
    """Runs every frame of the source; returns the report.

    Args:
        settings: Checked settings.
        options: How to run.
        neutral: Where the person's neutral face is to be found; by default nowhere.
        is_stopping: Asked after each frame; the run ends with Stopped when it is True.
    """
    folder = options.output
    assert folder is not None
    report = Report()
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(locked_folder(folder, 'run'))
            signals = stack.enter_context(DeferredSignals())
            neutral_frame = neutral.find(load_source(settings))
            source = stack.enter_context(load_source(settings))
            pipeline = stack.enter_context(Pipeline(settings))
            if neutral_frame is not None:
                pipeline.calibrate(neutral_frame)
            outputs = stack.enter_context(RunFiles(folder, settings.spec, source.fps,
                                                     options.files))
            steps = stack.enter_context(contextlib.closing(
                pipeline.run(read_frames(source, options), 1.0 / source.fps)))
            take = open_take(settings, options, stack)
            progress = Progress('retargeting', frame_count(source, options), 'frame',
                                quiet=options.quiet)
            for step in progress.each(steps):
                _write(step, outputs, report)
                if take is not None:
                    take.write(step.frame.stamp_s, step.motions.get(settings.plugin('motion')))
                signals.check()
                if is_stopping is not None and is_stopping():
                    raise Stopped
            signals.check()
    finally:
        if report.frames and REPORT in options.files:
            write_report(folder / REPORT, report.figures())
    return report


def open_take(settings: Settings, options: RunOptions,
              stack: contextlib.ExitStack) -> TakeFile | None:
    """The take of the run, which `stack` closes; None if none is to be written."""
    if not options.share.take:
        return None
    tracker = settings.plugin('motion')
    if settings.has_motion_source:
        tracker = getattr(settings.load('motion').config, 'tracker', ARKIT)
    take = TakeFile(pathlib.Path(options.share.take), tracker)
    stack.callback(take.close)
    return take


def _summary(report: Report, options: RunOptions) -> str:
    """Lines about a run, for people."""
    assert options.output is not None
    return (f'{report.frames} frames at {report.figures()["fps"]:.1f} a second, '
            f'{faces_found(report.face_missing, report.frames)}\n'
            f'{options.output}: {written_files(options.output, options.files)}')


def read_frames(source: Source, options: RunOptions) -> Iterator[Frame]:
    """Yields the frames of the source until it ends, or the limit or duration is reached."""
    count = 0
    while options.limit is None or count < options.limit:
        frame = source.read()
        if frame is None:
            return
        if options.duration_s is not None and frame.stamp_s >= options.duration_s:
            return
        count += 1
        yield frame


def frame_count(source: Source, options: RunOptions) -> int | None:
    """Number of frames that `read_frames` yields, None if unknown."""
    limits: Iterable[int | None] = (
        source.frame_count, options.limit,
        None if options.duration_s is None else round(options.duration_s * source.fps))
    return min((limit for limit in limits if limit is not None), default=None)


def _write(step: Step, outputs: RunFiles, report: Report) -> None:
    assert step.animated is not None and step.robot is not None and step.position is not None
    outputs.write(step.frame.image, step.animated, step.robot, step.frame.stamp_s, step.position)
    report.add(step.seconds, face=step.has_face, computing_s=step.computing_s)
