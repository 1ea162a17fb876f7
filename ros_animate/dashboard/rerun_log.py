"""Sends a running pipeline to Rerun: a file to look at later, or its viewer.

It listens to topics alone. Images are the small ones of the dashboard's page.
"""
from __future__ import annotations

import argparse
import contextlib
import queue
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ros_animate.dashboard.robot import read_spec
from ros_animate.errors import ExitStatus, UserError
from ros_animate.nodes.conversions import MessageError
from ros_animate.nodes.messages import Joints, motion_from_message, seconds
from ros_animate.nodes.remote.calls import NotAnswered, python_value
from ros_animate.nodes.remote.pipeline import RemotePipeline
from ros_animate.nodes.remote.previews import MAX_SIDE, Preview, PreviewMaker
from ros_animate.nodes.remote.subscriptions import VIEWS
from ros_animate.processes import become_child
from ros_animate.robot.spec import RobotSpec
from ros_animate.scheduling import lower_priority
from ros_animate.types import Array, Motion

PERIOD_S = 1 / 60
ANSWER_S = 2.0
WAITING = 30  # images
TIMELINE = 'stamp'
ENTITIES = {'camera': 'camera/image', 'animated': 'portrait/image', 'robot': 'robot/image'}


class RerunLog:
    """Writes the messages of a pipeline, with the camera's stamps as the time line.

    Args:
        rerun: The module `rerun`, or what stands in its place in tests.
        pipeline: The pipeline.
    """

    def __init__(self, rerun: Any, pipeline: RemotePipeline) -> None:
        self._rerun, self._pipeline = rerun, pipeline
        self._joints: Joints | None = None
        self._groups: dict[str, Any] = {}
        self._names: list[str] = []
        self._scale = 1.0
        self._stamp_s = 0.0
        self._last_answered_s = 0.0

    def describe(self, spec: RobotSpec) -> None:
        """Names the series of a robot's controls."""
        self._joints = Joints.of(spec)
        self._groups = {group: spec.indices(names) for group, names in spec.groups.items()}
        for group, names in spec.groups.items():
            for kind in ('command', 'target', 'measured'):
                self._rerun.log(f'controls/{group}/{kind}', self._rerun.SeriesLines(
                    names=[f'{name} ({kind})' for name in names]), static=True)

    def image(self, view: str, preview: Preview) -> None:
        """Writes an image at the present time of the log."""
        if view == 'camera':
            self._scale = min(1.0, MAX_SIDE / max(preview.size))
        if self._stamp_s:
            self._rerun.log(ENTITIES[view], self._rerun.EncodedImage(
                contents=preview.jpeg, media_type='image/jpeg'))

    def step(self) -> None:
        """Writes the newest messages that have not been written yet."""
        newest = self._pipeline.newest
        if (message := newest.take('motion')) is not None:
            self._set_time(message.header)
            try:
                motion = motion_from_message(message)
            except MessageError:
                motion = None
            if motion is not None:
                self._motion(motion)
        if self._joints is not None:
            self._controls(self._joints)

    def _set_time(self, header: Any) -> None:
        self._stamp_s = seconds(header.stamp)
        self._rerun.set_time(TIMELINE, timestamp=self._stamp_s)

    def _motion(self, motion: Motion) -> None:
        rerun = self._rerun
        if motion.landmarks is not None:
            rerun.log('camera/image/landmarks', rerun.Points2D(
                motion.landmarks[:, :2] * self._scale, radii=0.7))
        if motion.expression:
            if list(motion.expression) != self._names:
                self._names = list(motion.expression)
                rerun.log('face/blendshapes', rerun.SeriesLines(names=self._names), static=True)
            rerun.log('face/blendshapes', rerun.Scalars(list(motion.expression.values())))
        if motion.rotation is not None:
            translation = np.zeros(3) if motion.translation is None else motion.translation
            rerun.log('head', rerun.Transform3D(translation=translation, mat3x3=motion.rotation))

    def _controls(self, joints: Joints) -> None:
        newest = self._pipeline.newest
        try:
            if (message := newest.take('commands')) is not None:
                self._group_values('command', joints.command_from_message(message).position)
                self._latency(message)
            if (message := newest.take('actions')) is not None:
                self._group_values('target', joints.chunk_from_message(message).values[0])
            if (message := newest.take('joint_states')) is not None:
                self._group_values('measured', self._pipeline.measured(joints, message))
        except MessageError:
            return  # of another robot

    def _group_values(self, kind: str, values: Array) -> None:
        for group, indices in self._groups.items():
            self._rerun.log(f'controls/{group}/{kind}', self._rerun.Scalars(values[indices]))

    def _latency(self, message: Any) -> None:
        stamp_s = seconds(message.header.stamp)
        if stamp_s and stamp_s != self._last_answered_s:
            self._last_answered_s = stamp_s
            self._rerun.log('latency_ms', self._rerun.Scalars(
                [1e3 * (seconds(message.sent) - stamp_s)]))


def log_pipeline(rerun: Any, namespace: str, stopping: threading.Event) -> None:
    """Writes a pipeline into the open recording until `stopping` is set."""
    images: queue.Queue[tuple[str, Preview]] = queue.Queue(WAITING)

    def keep(view: str, preview: Preview) -> None:
        if not images.full():
            images.put_nowait((view, preview))
    views = tuple(VIEWS)
    with (RemotePipeline(namespace, views) as pipeline,
          contextlib.closing(PreviewMaker(pipeline.newest.take, views, keep))):
        log, is_described = RerunLog(rerun, pipeline), False
        pipeline.watch(True)
        while not stopping.wait(PERIOD_S):
            if not is_described and pipeline.statuses()['hardware'] is not None:
                is_described = _describe(log, pipeline)
            log.step()
            while not images.empty():
                log.image(*images.get_nowait())


def _describe(log: RerunLog, pipeline: RemotePipeline) -> bool:
    """Asks the hardware node for the robot; returns False if it has to be asked again."""
    try:
        answer = pipeline.calls.get_parameters('hardware', ['robot']).result(ANSWER_S)
    except (NotAnswered, TimeoutError):
        return False
    spec, trouble = read_spec(str(python_value(answer.values[0])))
    if spec is None:
        print(f'ros_animate: no controls in the log: {trouble}', file=sys.stderr, flush=True)
    else:
        log.describe(spec)
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the process."""
    become_child()
    parser = argparse.ArgumentParser()
    parser.add_argument('--namespace', default='')
    parser.add_argument('--output', default='', help='a file .rrd; empty: the viewer')
    args = parser.parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    lower_priority()
    try:
        import rerun
        rerun.init('ros_animate')
        rerun.save(args.output) if args.output else rerun.spawn()
        log_pipeline(rerun, args.namespace, stopping)
        rerun.disconnect()
    except (UserError, OSError, RuntimeError) as error:
        print(f'ros_animate: error: rerun: {error}', file=sys.stderr, flush=True)
        return ExitStatus.USER_ERROR
    return ExitStatus.OK


if __name__ == '__main__':
    raise SystemExit(main())
