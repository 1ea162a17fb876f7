"""Outputs of `ros_animate animate`: a video, a grid of images, a motion template."""
from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ros_animate.animation.base import Animator
from ros_animate.errors import UserError
from ros_animate.images import write_image
from ros_animate.offline import motion_template
from ros_animate.offline.driving import Driving, ShowProgress, Step
from ros_animate.outputs.panels import fit, side_by_side
from ros_animate.outputs.video import VideoFile
from ros_animate.types import Image, Motion

_CELL = 256  # side of a grid's images in pixels


def write_video(animator: Animator, source: Image, driving: Driving, path: pathlib.Path,
               progress: ShowProgress, beside: bool = False) -> list[Motion]:
    """Writes a video of the animated source, one frame for each driving frame.

    A driving frame without a face uses the motion before it; frames before the first face use the
    motion of that face.

    Args:
        animator: The animator.
        source: (H, W, 3) uint8 RGB.
        driving: The driving motion.
        path: An .mp4.
        progress: Shows the progress.
        beside: True to show the driving frame and the source beside the animation.

    Returns:
        The motion of each frame.

    Raises:
        UserError: There is no face in any driving frame.
    """
    _start(animator, source, driving)
    motions: list[Motion] = []
    with VideoFile(path, driving.fps) as video:
        for step, motion in _fill_gaps(progress(driving.steps(), driving.count, 'animating')):
            image = animator.animate(motion).image
            motions.append(dataclasses.replace(motion, stamp_s=step.stamp_s))
            video.write(_beside(step, source, image) if beside else image, step.stamp_s)
    if not motions:
        raise UserError('there is no face in any driving frame')
    return motions


def find_motions(driving: Driving, progress: ShowProgress) -> list[Motion]:
    """The motion of every driving frame, without an animation."""
    steps = progress(driving.steps(), driving.count, 'extracting motion')
    return [dataclasses.replace(motion, stamp_s=step.stamp_s)
            for step, motion in _fill_gaps(steps)]


def write_grid(animator: Animator, sources: Sequence[Image], driving: Driving, path: pathlib.Path,
              columns: int) -> None:
    """Writes an image with sources in rows, and frames spread over the clip in columns.

    Raises:
        UserError: There is no face in any of the driving frames, or the file cannot be written.
    """
    count = driving.count or sum(1 for _ in driving.steps())
    indices = {round(i) for i in np.linspace(0, count - 1, columns)}
    steps = list(_fill_gaps(driving.steps(indices)))
    if not steps:
        raise UserError('there is no face in any driving frame of the grid')
    blank = np.full((_CELL, _CELL, 3), 255, np.uint8)
    rows = [np.hstack([blank, *(blank if step.image is None else _cell(step.image)
                                for step, _ in steps)])]
    for source in sources:
        _start(animator, source, driving)
        animated = [animator.animate(motion).image for _, motion in steps]
        rows.append(np.hstack([_cell(source), *map(_cell, animated)]))
    grid = np.vstack(rows if steps[0][0].image is not None else rows[1:])
    write_image(path, grid)


def write_motion(motions: Sequence[Motion], fps: float, path: pathlib.Path) -> None:
    """Writes a motion template, which has one rate; raises UserError if it cannot hold the motions.

    Motions at a variable rate are repeated or left out to keep time.
    """
    try:
        motion_template.write(path, motion_template.Template(at_rate(motions, fps), fps))
    except ValueError as error:
        raise UserError(f'cannot write {path}: {error}') from error


def at_rate(motions: Sequence[Motion], fps: float) -> tuple[Motion, ...]:
    """For each period of the rate the motion whose stamp is nearest."""
    if not motions:
        return ()
    stamps = np.array([motion.stamp_s for motion in motions])
    times = stamps[0] + np.arange(round((stamps[-1] - stamps[0]) * fps) + 1) / fps
    nearest = np.searchsorted((stamps[1:] + stamps[:-1]) / 2, times)
    return tuple(dataclasses.replace(motions[index], stamp_s=float(time_s))
                 for index, time_s in zip(nearest, times, strict=True))


def _start(animator: Animator, source: Image, driving: Driving) -> None:
    animator.set_source(source)
    animator.reset()
    if driving.reference is not None:
        animator.calibrate(driving.reference)


def _fill_gaps(steps: Iterable[Step]) -> Iterator[tuple[Step, Motion]]:
    """Every step with its motion; if it has none, with the one before it, else the first one."""
    last: Motion | None = None
    waiting: list[Step] = []
    for step in steps:
        last = step.motion or last
        waiting.append(step)
        if last is not None:
            yield from ((earlier, last) for earlier in waiting)
            waiting = []


def _beside(step: Step, source: Image, image: Image) -> Image:
    if step.image is None:
        return side_by_side(source, image, labels=('source', 'animated'))
    return side_by_side(step.image, source, image, labels=('driving', 'source', 'animated'))


def _cell(image: Image) -> Image:
    return fit(image, (_CELL, _CELL))
