"""Live runs for the command line: starts the nodes, shows progress, reports."""
from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ros_animate.camera.base import Source
from ros_animate.errors import ExitStatus, UserError
from ros_animate.files import WriteError, locked_folder
from ros_animate.interrupts import DeferredSignals
from ros_animate.motion.base import MotionSource
from ros_animate.nodes.name_claim import require_free
from ros_animate.optional_packages import require
from ros_animate.outputs import spool
from ros_animate.outputs.file_names import REPORT, written_files
from ros_animate.outputs.progress import Progress, write_line
from ros_animate.outputs.report import faces_found, write_report
from ros_animate.outputs.run_files import keep_partial_files, remove_partial_files
from ros_animate.plugins import STAGES
from ros_animate.runtime import dashboard
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.launch_plan import entry_stage, is_seen, stages_left_out
from ros_animate.runtime.live_programs import COMPOSED, OUTPUTS, WATCH, live_programs
from ros_animate.runtime.supervisor import Supervisor
from ros_animate.settings import RunOptions, Settings

POLL_S = 0.05
# Time from the end of the source to the last command that answers it.
DRAIN_S = 0.3
# Time in which the writer of the files completes them once it is told to stop.
FILES_S = 60.0


def run(settings: Settings, options: RunOptions) -> int:
    """Runs the pipeline through ROS until its source, a limit or Ctrl-C ends it.

    The nodes run in child processes: all in one, or (`options.processes`) each in its own. Another
    process watches and, for videos and table, spools the frames, which a last one turns into files
    in idle time. Crashed nodes are started again.

    Args:
        settings: Checked settings.
        options: How to run.

    Returns:
        The exit status; FAILURE if there was nothing to process.

    Raises:
        UserError: The source cannot be opened, or a node refuses to start.
    """
    _check_names(settings, options)
    if options.record is not None:
        require('rosbags')
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='ros_animate-'))
        if options.output is not None:
            stack.enter_context(locked_folder(options.output, 'run'))
        live = LiveRun(settings, options, pathlib.Path(folder))
        report = live.run()
        while live.restart_with is not None:
            live = LiveRun(live.restart_with, options, pathlib.Path(folder))
            report = live.run()
        if options.output is not None and report is not None and REPORT in options.files:
            _write_report(options.output / REPORT, report, live.failure)
    if live.failure is not None:
        raise live.failure
    if report is None:
        raise UserError('the run ended before anything was measured')
    if not report['frames']:
        print(f'ros_animate: error: nothing was processed: no {_source(settings)}',
              file=sys.stderr)
        return ExitStatus.FAILURE
    if not options.quiet:
        print(summary(report, options))
    return ExitStatus.OK


def _check_names(settings: Settings, options: RunOptions) -> None:
    """Raises UserError for a name that ROS cannot carry."""
    for path in (*settings.input_paths(), options.output, options.record):
        try:
            str(path).encode()
        except UnicodeEncodeError as error:
            raise UserError(f'{path}: the name is not UTF-8, which ROS needs; rename it, or use '
                            '--offline') from error


def _write_report(path: pathlib.Path, report: dict[str, Any],
                  failure: BaseException | None) -> None:
    try:
        write_report(path, report)
    except WriteError:
        if failure is None:  # the first one tells the reason
            raise


def _source(settings: Settings) -> str:
    """End of the sentence "no …" about the input that has not come."""
    camera = settings.plugin('camera')
    topic = settings.options('camera')['topic'] if camera == 'topic' else ''
    if not is_seen(settings):
        return f'motion has come from {topic or settings.plugin("motion")}'
    return f'image has come from {topic or f"the source {camera}"}'


def summary(report: dict[str, Any], options: RunOptions) -> str:
    """Lines about a run, from its report."""
    p95 = report['latency_ms']['p95']
    late = '' if p95 is None else f', 95 of 100 within {p95:.0f} ms of the camera'
    stamps = '' if report['stamps'] == 'ok' else f'; {report["stamps"]}'
    text = (f'{report["frames"]} frames, {report["fps"]:.1f} new commands a second{late}, '
            f'{faces_found(report["face_missing"], report["frames"])}{stamps}')
    if options.output is not None:
        text += f'\n{options.output}: {written_files(options.output, options.files)}'
    if options.record is not None:
        text += (f"\n{options.record}: all topics but the robot's image, which "
                 'follows from the commands')
    return text


def restarted(settings: Settings, request: Mapping[str, str]) -> Settings:
    """The settings with another robot, or other plug-ins of stages in their default options.

    Raises:
        UserError: A name is unknown, or they do not go together.
    """
    stages = dict(settings.stages)
    for stage in ('motion', 'animation', 'policy'):
        if request.get(stage) and request[stage] != settings.plugin(stage):
            stages[stage] = {'plugin': request[stage]}
    changed = dataclasses.replace(settings, robot=request.get('robot') or settings.robot,
                                  stages=stages)
    changed.check([stage for stage in STAGES if stage not in stages_left_out(changed)],
                  node_options=True)
    return changed


@dataclass
class Status:
    """Latest output of the other processes, set by threads."""

    ready: bool = False
    frames: int = 0
    answered: int = 0
    written: int = 0
    latency_ms: float | None = None
    report: dict[str, Any] | None = None

    @property
    def note(self) -> str:
        """Figures shown beside the number of frames."""
        if not self.ready:
            return 'starting the nodes'
        return '' if self.latency_ms is None else f'{self.latency_ms:.0f} ms'

    def read_line(self, name: str, line: str) -> None:
        """Reads a line of JSON from the watcher or the writer of the files."""
        if name not in (WATCH, OUTPUTS) or not line.startswith('{'):
            return
        for key, value in json.loads(line).items():
            if hasattr(self, key):
                setattr(self, key, value)


def failure_of(work: Callable[[], None]) -> UserError | SystemExit | None:
    """Does the work; returns what ended it, None for its end and for Ctrl-C."""
    try:
        work()
    except KeyboardInterrupt:
        pass
    except (UserError, SystemExit) as error:
        return error
    return None


class LiveRun:
    """One run with its child processes.

    Attributes:
        failure: What ended the run, if it was an error or a signal other than Ctrl-C.
        restart_with: Settings with which it is to run again, None to end.
    """

    def __init__(self, settings: Settings, options: RunOptions, folder: pathlib.Path) -> None:
        self._settings, self._options, self._folder = settings, options, folder
        self.failure: BaseException | None = None
        self.restart_with: Settings | None = None
        self._status = Status()
        self._spool: pathlib.Path | None = None
        if options.output is not None and set(options.files) - {REPORT}:
            self._spool = options.output / spool.NAME
        self._total = self._frame_count()
        self._programs = live_programs(settings, options, folder, self._spool)

    def run(self) -> dict[str, Any] | None:
        """Runs to the end; returns the report, None if nothing was measured."""
        environment = node_environment()
        require_free(environment, [f'{self._options.namespace}/{stage}' for stage in STAGES])
        if self._spool is not None:
            spool.remove_spool(self._spool)
            remove_partial_files(self._spool.parent, self._options.files)
        with Supervisor(self._programs, environment, on_output=self._read_line,
                        on_note=write_line) as supervisor:
            try:
                self.failure = failure_of(lambda: self._follow(supervisor))
            finally:
                self._finish(supervisor)
        if self._status.report is None:
            return None
        return {**self._status.report,
                'mode': 'processes' if self._options.processes else 'composed',
                'respawned': supervisor.respawned}

    def _read_line(self, name: str, line: str) -> None:
        """Reads a line of a program's output; the dashboard's address is for the user."""
        if name == dashboard.NAME and line.startswith('{'):
            self._note_restart(json.loads(line))
        elif name == dashboard.NAME:
            write_line(line)
        self._status.read_line(name, line)

    def _note_restart(self, request: dict[str, str]) -> None:
        """Takes other plug-ins or another robot that the dashboard asks for."""
        try:
            self.restart_with = restarted(self._settings, request)
        except UserError as error:
            write_line(f'dashboard: it goes on as it is: {error}')

    def _follow(self, supervisor: Supervisor) -> None:
        """Shows progress until the source or the time is over."""
        end_s: float | None = None
        with DeferredSignals() as signals, self._progress('running', self._total) as progress:
            while not {entry_stage(self._settings), COMPOSED} & set(supervisor.poll()):
                time.sleep(POLL_S)
                signals.check()
                progress.set(self._status.frames, self._status.note)
                if self.restart_with is not None:
                    return
                if end_s is None and self._status.ready and self._options.duration_s:
                    end_s = time.monotonic() + self._options.duration_s
                if end_s is not None and time.monotonic() >= end_s:
                    return
        time.sleep(DRAIN_S)

    def _finish(self, supervisor: Supervisor) -> None:
        """Stops the nodes, then lets the files be completed; a signal cuts that short."""
        try:
            supervisor.stop(but=[OUTPUTS])
            self._complete_files(supervisor)
        except (KeyboardInterrupt, SystemExit) as error:
            write_line('stopped: the files hold what was written so far')
            self.failure = self.failure or (error if isinstance(error, SystemExit) else None)
        except UserError as error:
            self.failure = self.failure or error
        finally:
            supervisor.stop_one(OUTPUTS, FILES_S)
            supervisor.stop()
            if self._spool is not None:
                keep_partial_files(self._spool.parent, self._options.files)
                spool.remove_spool(self._spool)

    def _complete_files(self, supervisor: Supervisor) -> None:
        """Waits for the writer of the files; raises UserError if it fails."""
        if self._spool is None:
            return
        spool.end_spool(self._spool)  # the watcher may have died
        total = (self._status.report or {}).get('frames')
        with self._progress('writing the files', total) as progress:
            while OUTPUTS not in supervisor.poll_only(OUTPUTS):
                time.sleep(POLL_S)
                progress.set(self._status.written)

    def _progress(self, doing: str, total: int | None) -> Progress:
        return Progress(doing, total, 'frame', quiet=self._options.quiet, leave=False)

    def _frame_count(self) -> int | None:
        """Opens the source once, so that its errors are reported at once."""
        stage = entry_stage(self._settings)
        if stage in stages_left_out(self._settings):
            return self._options.limit
        source: Source | MotionSource = self._settings.load(stage)
        with source:
            counts = [self._options.limit, source.frame_count]
            if self._options.duration_s:
                counts.append(round(self._options.duration_s * source.fps))
        return min((count for count in counts if count), default=None)
