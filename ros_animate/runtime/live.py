"""Live runs and replays for the command line: starts the nodes, shows progress, reports."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from tqdm import tqdm

from ros_animate.camera.base import Source
from ros_animate.errors import UserError
from ros_animate.interrupts import DeferredSignals
from ros_animate.outputs.report import write_report
from ros_animate.outputs.spool import remove_spool
from ros_animate.processes import BACKGROUND_NICE
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.launch_plan import (
    Arrangement,
    arrange,
    parameter_file,
)
from ros_animate.runtime.supervisor import Program, Supervisor
from ros_animate.settings import RunOptions, Settings

POLL_S = 0.05
# From the end of the source to the last command that answers it.
DRAIN_S = 0.3
WATCH, RECORD, OUTPUTS, COMPOSED = 'watch', 'record', 'outputs', 'nodes'


def run(settings: Settings, options: RunOptions) -> int:
    """Runs the pipeline through ROS until its source, a limit or Ctrl-C ends it.

    The nodes run in child processes: all in one, or (`options.processes`) each in its own. Another
    process watches and, with `options.output`, spools the frames, which a last one turns into files
    when the processor has time for it. Crashed nodes are started again.

    Args:
        settings: Checked settings.
        options: How to run.

    Returns:
        The exit status.

    Raises:
        UserError: The source cannot be opened, or a node refuses to start.
    """
    with tempfile.TemporaryDirectory(prefix='ros_animate-') as folder:
        live = LiveRun(settings, options, pathlib.Path(folder))
        report = live.run()
    if options.output is not None:
        write_report(options.output / 'report.json', report)
    if not options.quiet:
        print(summary(report, options))
    return 0


def summary(report: dict[str, Any], options: RunOptions) -> str:
    """One line about a run."""
    p95 = report['latency_ms']['p95']
    late = '' if p95 is None else f', from camera to command {p95:.0f} ms (p95)'
    where = f'{options.output}: ' if options.output else ''
    return (f'{where}{report["frames"]} frames, {report["fps"]:.1f} commands from new ones a '
            f'second{late}, no face in {report["face_missing"]}')


@dataclass
class Status:
    """What the other processes have said last, set by threads."""

    frames: int = 0
    answered: int = 0
    written: int = 0
    latency_ms: float | None = None
    report: dict[str, Any] | None = None

    def read(self, name: str, line: str) -> None:
        """Takes a line of JSON from the watcher or the writer of files."""
        if name not in (WATCH, OUTPUTS) or not line.startswith('{'):
            return
        for key, value in json.loads(line).items():
            if hasattr(self, key):
                setattr(self, key, value)


class LiveRun:
    """One run with its child processes."""

    def __init__(self, settings: Settings, options: RunOptions, folder: pathlib.Path) -> None:
        self._settings, self._options, self._folder = settings, options, folder
        self._status = Status()
        self._spool = options.output / '.part.spool' if options.output else None
        if options.record is not None and options.record.exists():
            raise UserError(f'the bag {options.record} exists already')
        self._total = self._frame_count()

    def run(self) -> dict[str, Any]:
        """Runs to the end; returns the report."""
        if self._spool is not None:
            remove_spool(self._spool)
        with Supervisor(self._programs(), node_environment(), on_output=self._status.read,
                        on_note=self._note) as supervisor:
            try:
                with contextlib.suppress(KeyboardInterrupt):
                    self._follow(supervisor)
            finally:
                self._finish(supervisor)
        report = self._status.report
        if report is None:
            raise UserError('the run ended before anything was measured')
        return {**report, 'mode': 'processes' if self._options.processes else 'composed',
                'respawned': supervisor.respawned}

    def _follow(self, supervisor: Supervisor) -> None:
        """Shows progress until the source or the time is over."""
        end_s: float | None = None
        with DeferredSignals() as signals, self._bar('frame', self._total) as bar:
            while not {'camera', COMPOSED} & set(supervisor.poll()):
                time.sleep(POLL_S)
                signals.check()
                self._show(bar, self._status.frames)
                if end_s is None and self._status.frames and self._options.duration_s:
                    end_s = time.monotonic() + self._options.duration_s
                if end_s is not None and time.monotonic() >= end_s:
                    return
        time.sleep(DRAIN_S)

    def _finish(self, supervisor: Supervisor) -> None:
        """Stops the nodes, then lets the files be completed; Ctrl-C cuts that short."""
        try:
            supervisor.stop(but=[OUTPUTS])
            if supervisor.is_running(OUTPUTS):
                self._wait_for_files(supervisor)
        except KeyboardInterrupt:
            self._note('stopped: the files hold what was written so far')
        finally:
            supervisor.stop()
            if self._spool is not None:
                remove_spool(self._spool)

    def _wait_for_files(self, supervisor: Supervisor) -> None:
        total = (self._status.report or {}).get('frames')
        with self._bar('frame written', total) as bar:
            while OUTPUTS not in supervisor.poll_only(OUTPUTS):
                time.sleep(POLL_S)
                self._show(bar, self._status.written)

    def _bar(self, unit: str, total: int | None) -> Any:
        return tqdm(total=total, unit=unit, dynamic_ncols=True, leave=False,
                    disable=self._options.quiet or None)

    def _show(self, bar: Any, count: int) -> None:
        bar.update(count - bar.n)
        if self._status.latency_ms is not None:
            bar.set_postfix_str(f'{self._status.latency_ms:.0f} ms', refresh=False)

    def _note(self, line: str) -> None:
        tqdm.write(line, file=sys.stderr)

    def _frame_count(self) -> int | None:
        """Opens the source once, so that what is wrong with it is said at once."""
        if self._settings.plugin('camera') == 'topic':
            return self._options.limit
        source: Source = self._settings.load('camera')
        with source:
            counts = [self._options.limit, source.frame_count]
            if self._options.duration_s:
                counts.append(round(self._options.duration_s * source.fps))
        return min((count for count in counts if count), default=None)

    def _programs(self) -> list[Program]:
        """In the order in which they are to end."""
        observers = [WATCH, *([RECORD] if self._options.record is not None else [])]
        arrangement = arrange(self._settings, {
            'camera': {'wait_for': observers, 'exit_at_end': True,
                       'limit': self._options.limit or 0},
            'hardware': {'shutdown_pose': 'neutral'}})
        extra = {WATCH: self._watch_parameters(arrangement)}
        if self._options.record is not None:
            extra[RECORD] = {'bag': str(self._options.record)}
        arguments = self._ros_arguments(arrangement, extra)
        programs = (self._separate if self._options.processes else self._composed)(
            arrangement, arguments)
        if RECORD in extra:
            programs.append(Program(RECORD, 'ros_animate.nodes.record_node', arguments,
                                    respawn=False))
        programs.append(Program(WATCH, 'ros_animate.nodes.watch_node', arguments, respawn=False,
                                nice=BACKGROUND_NICE))
        return [*programs, *self._output_programs()]

    def _separate(self, arrangement: Arrangement, arguments: list[str]) -> list[Program]:
        return [Program(stage, f'ros_animate.nodes.{stage}_node', arguments)
                for stage in arrangement.parameters]

    def _composed(self, arrangement: Arrangement, arguments: list[str]) -> list[Program]:
        return [Program(COMPOSED, 'ros_animate.nodes.composed_node',
                        [*arrangement.without, *arguments])]

    def _output_programs(self) -> list[Program]:
        if self._spool is None:
            return []
        settings_file = self._folder / 'settings.yaml'
        settings_file.write_text(yaml.safe_dump(self._settings.as_mapping()), encoding='utf-8')
        return [Program(OUTPUTS, 'ros_animate.runtime.live_outputs',
                        [str(settings_file), str(self._spool), str(self._options.output)],
                        respawn=False)]

    def _watch_parameters(self, arrangement: Arrangement) -> dict[str, Any]:
        wait_for = [stage for stage in arrangement.parameters if stage != 'camera']
        if self._options.record is not None:
            wait_for.append(RECORD)
        return {'robot': self._settings.robot, 'image_transport': arrangement.image_transport,
                'spool': str(self._spool or ''), 'wait_for': wait_for}

    def _ros_arguments(self, arrangement: Arrangement,
                       extra: dict[str, dict[str, Any]]) -> list[str]:
        """`--ros-args` that serve every process: each node finds its own parameters."""
        path = self._folder / 'parameters.yaml'
        path.write_text(parameter_file({**arrangement.parameters, **extra}), encoding='utf-8')
        remappings = [part for source, target in arrangement.remappings
                      for part in ('-r', f'{source}:={target}')]
        return ['--ros-args', '--params-file', str(path), *remappings]


def replay(bag: pathlib.Path, *, rate: float = 1.0, topics: Sequence[str] = (),
           loop: bool = False, restamp: bool = False, quiet: bool = False) -> int:
    """Publishes the messages of a bag in this process; returns the exit status."""
    os.environ.update(node_environment())
    from rclpy.parameter import Parameter

    from ros_animate.nodes.replay_node import ReplayNode
    from ros_animate.nodes.running import Runner
    wishes = {'bag': str(bag), 'rate': rate, 'loop': loop, 'restamp': restamp}
    if topics:
        wishes['topics'] = list(topics)
    overrides = [Parameter(name, value=value) for name, value in wishes.items()]

    def make_node() -> ReplayNode:
        node = ReplayNode(parameter_overrides=overrides)
        threading.Thread(target=follow, args=(node,), daemon=True).start()
        return node

    def follow(node: ReplayNode) -> None:
        with tqdm(total=None if loop else node.count, unit='message', dynamic_ncols=True,
                  disable=quiet or None) as bar:
            while not node.ended.wait(POLL_S):
                bar.update(node.sent - bar.n)
            bar.update(node.sent - bar.n)

    return Runner().run([make_node], arguments=[])
