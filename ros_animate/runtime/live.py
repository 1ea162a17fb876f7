"""Live runs for the command line: starts the nodes, shows progress, reports."""
from __future__ import annotations

import contextlib
import json
import pathlib
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from ros_animate.camera.base import Source
from ros_animate.errors import ExitStatus, UserError
from ros_animate.interrupts import DeferredSignals
from ros_animate.outputs.report import write_report
from ros_animate.outputs.spool import remove_spool
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.live_programs import COMPOSED, OUTPUTS, WATCH, live_programs
from ros_animate.runtime.supervisor import Supervisor
from ros_animate.settings import RunOptions, Settings

POLL_S = 0.05
# Time from the end of the source to the last command that answers it.
DRAIN_S = 0.3


def run(settings: Settings, options: RunOptions) -> int:
    """Runs the pipeline through ROS until its source, a limit or Ctrl-C ends it.

    The nodes run in child processes: all in one, or (`options.processes`) each in its own. Another
    process watches and, with `options.output`, spools the frames, which a last one turns into files
    when the processor is idle. Crashed nodes are started again.

    Args:
        settings: Checked settings.
        options: How to run.

    Returns:
        The exit status; FAILURE if there was nothing to process.

    Raises:
        UserError: The source cannot be opened, or a node refuses to start.
    """
    with tempfile.TemporaryDirectory(prefix='ros_animate-') as folder:
        live = LiveRun(settings, options, pathlib.Path(folder))
        report = live.run()
    if options.output is not None:
        write_report(options.output / 'report.json', report)
    if not report['frames']:
        print(f'ros_animate: error: nothing was processed: no image has come from '
              f'{_source(settings)}', file=sys.stderr)
        return ExitStatus.FAILURE
    if not options.quiet:
        print(summary(report, options))
    return ExitStatus.OK


def _source(settings: Settings) -> str:
    if settings.plugin('camera') == 'topic':
        return str(settings.options('camera')['topic'])
    return f'the source {settings.plugin("camera")}'


def summary(report: dict[str, Any], options: RunOptions) -> str:
    """One line about a run, from its report."""
    p95 = report['latency_ms']['p95']
    late = '' if p95 is None else f', from camera to command {p95:.0f} ms (p95)'
    where = f'{options.output}: ' if options.output else ''
    stamps = '' if report['stamps'] == 'ok' else f'; {report["stamps"]}'
    return (f'{where}{report["frames"]} frames, {report["fps"]:.1f} commands from new ones a '
            f'second{late}, no face in {report["face_missing"]}{stamps}')


@dataclass
class Status:
    """Latest output of the other processes, set by threads."""

    ready: bool = False
    frames: int = 0
    answered: int = 0
    written: int = 0
    latency_ms: float | None = None
    report: dict[str, Any] | None = None

    def read_line(self, name: str, line: str) -> None:
        """Reads a line of JSON from the watcher or the writer of the files."""
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
        self._programs = live_programs(settings, options, folder, self._spool)

    def run(self) -> dict[str, Any]:
        """Runs to the end; returns the report."""
        if self._spool is not None:
            remove_spool(self._spool)
        with Supervisor(self._programs, node_environment(), on_output=self._status.read_line,
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
                if end_s is None and self._status.ready and self._options.duration_s:
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
        """Opens the source once, so that its errors are reported at once."""
        if self._settings.plugin('camera') == 'topic':
            return self._options.limit
        source: Source = self._settings.load('camera')
        with source:
            counts = [self._options.limit, source.frame_count]
            if self._options.duration_s:
                counts.append(round(self._options.duration_s * source.fps))
        return min((count for count in counts if count), default=None)
