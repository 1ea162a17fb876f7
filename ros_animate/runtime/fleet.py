"""Live runs of several robots: starts their processes, shows progress, reports."""
from __future__ import annotations

import json
import pathlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ros_animate.errors import ExitStatus
from ros_animate.interrupts import DeferredSignals
from ros_animate.nodes.name_claim import require_free
from ros_animate.outputs.machine import machine
from ros_animate.outputs.progress import Progress, write_line
from ros_animate.outputs.report import write_report
from ros_animate.plugins import STAGES
from ros_animate.runtime.environment import node_environment
from ros_animate.runtime.fleet_file import FleetRobot
from ros_animate.runtime.fleet_plan import WATCH, FleetPlan, make_fleet_plan
from ros_animate.runtime.live import DRAIN_S, POLL_S, Status, failure_of, summary
from ros_animate.runtime.supervisor import Program, Supervisor
from ros_animate.scheduling import BACKGROUND_NICE
from ros_animate.settings import RunOptions

FLEET, COMPOSED = 'ros_animate.nodes.fleet_node', 'ros_animate.nodes.composed_node'


@dataclass(frozen=True)
class FleetOptions:
    """Options of one run of `ros_animate fleet`.

    Attributes:
        duration_s: Seconds after which the run ends, from the first robot that is ready.
        processes: True for a process for each of a robot's nodes.
        report: File for the figures of all robots.
        quiet: True for no progress and no summary.
    """

    duration_s: float | None = None
    processes: bool = False
    report: pathlib.Path | None = None
    quiet: bool = False


def run(robots: Sequence[FleetRobot], options: FleetOptions) -> int:
    """Runs the robots until their sources end, the time is over, or Ctrl-C.

    A robot that fails is started again, and given up if it cannot run; the others go on.

    Returns:
        The exit status; FAILURE if a robot was given up or had nothing to do.

    Raises:
        UserError: The processes that all robots share cannot run.
    """
    plan = make_fleet_plan(robots, watched=True, more={'hardware': {'shutdown_pose': 'neutral'}})
    with tempfile.TemporaryDirectory(prefix='ros_animate-') as folder:
        programs = fleet_programs(plan, options.processes, pathlib.Path(folder))
        live = FleetRun(plan, programs, options)
        live.run()
    if options.report is not None:
        write_report(options.report, live.report())
    if live.failure is not None:
        raise live.failure
    lines = live.lines()
    if not options.quiet:
        for line in lines:
            print(line)
    for complaint in live.complaints():
        print(f'ros_animate: error: {complaint}', file=sys.stderr)
    return ExitStatus.FAILURE if live.complaints() else ExitStatus.OK


def fleet_programs(plan: FleetPlan, processes: bool, folder: pathlib.Path) -> list[Program]:
    """The programs: shared stages, then each robot's own nodes.

    Args:
        plan: The nodes.
        processes: True for a process for each of a robot's nodes.
        folder: Folder for the parameter file.
    """
    path = folder / 'parameters.yaml'
    path.write_text(plan.parameters, encoding='utf-8')
    rules = [part for source, target in plan.remappings for part in ('-r', f'{source}:={target}')]
    arguments = ['--ros-args', '--params-file', str(path), *rules]
    programs = [Program(stage, FLEET, [stage, *names, *arguments], respawn=stage != WATCH,
                        nice=_nice(plan, stage), vital=stage == 'motion')
                for stage, names in plan.shared.items()]
    for namespace, stages in plan.own.items():
        own = [*arguments, '-r', f'__ns:={namespace}']
        if processes:
            programs += [Program(f'{namespace}/{stage}', f'ros_animate.nodes.{stage}_node', own,
                                 vital=False) for stage in stages]
        else:
            programs.append(Program(namespace, COMPOSED, [*plan.without(namespace), *own],
                                    vital=False))
    return programs


def _nice(plan: FleetPlan, stage: str) -> int:
    is_background = stage == WATCH or (stage == 'animation' and plan.is_animation_background)
    return BACKGROUND_NICE if is_background else 0


class FleetRun:
    """One run with its child processes.

    Attributes:
        failure: What ended the run, if it was an error or a signal other than Ctrl-C.
    """

    def __init__(self, plan: FleetPlan, programs: Sequence[Program],
                 options: FleetOptions) -> None:
        self.failure: BaseException | None = None
        self._plan, self._programs, self._options = plan, programs, options
        self._status = {namespace: Status() for namespace in plan.own}
        self._robots = [p.name for p in programs if p.name not in plan.shared]
        self._given_up: set[str] = set()
        self._respawned = 0

    def run(self) -> None:
        """Runs to the end."""
        environment = node_environment()
        require_free(environment, [f'{namespace}/{stage}' for namespace in self._plan.own
                                   for stage in STAGES])
        with Supervisor(self._programs, environment, on_output=self._read_line,
                        on_note=write_line) as supervisor:
            try:
                self.failure = failure_of(lambda: self._follow(supervisor))
            finally:
                self._given_up, self._respawned = supervisor.given_up, supervisor.respawned
                # Each goes to its last pose, which takes a while.
                supervisor.stop_together(self._robots)

    def report(self) -> dict[str, Any]:
        """Figures of all robots by namespace, and of the run."""
        return {'machine': machine(), 'respawned': self._respawned,
                'robots': {name: status.report for name, status in self._status.items()}}

    def lines(self) -> list[str]:
        """A line about each robot that had something to do."""
        return [f'{name}: {summary(status.report, RunOptions())}'
                for name, status in self._status.items()
                if status.report is not None and status.report['frames']]

    def complaints(self) -> list[str]:
        """A line about each robot that could not run, or had nothing to do."""
        given_up = [f'{name}: could not run' for name in sorted(self._given_up)]
        return given_up + [f'{name}: nothing was processed: no image or motion has come'
                           for name, status in self._status.items() if name not in self._given_up
                           and not (status.report and status.report['frames'])]

    def _read_line(self, name: str, line: str) -> None:
        """Reads a line of JSON from the watchers."""
        if name == WATCH and line.startswith('{'):
            self._status[json.loads(line)['namespace']].read_line(name, line)

    def _follow(self, supervisor: Supervisor) -> None:
        """Shows progress until all sources or the time are over."""
        end_s: float | None = None
        with DeferredSignals() as signals, Progress(
                'running', None, 'frame', quiet=self._options.quiet, leave=False) as progress:
            while not self._have_ended(supervisor):
                time.sleep(POLL_S)
                signals.check()
                progress.set(sum(s.frames for s in self._status.values()), self._note())
                if end_s is None and self._options.duration_s and any(
                        status.ready for status in self._status.values()):
                    end_s = time.monotonic() + self._options.duration_s
                if end_s is not None and time.monotonic() >= end_s:
                    return
        time.sleep(DRAIN_S)

    def _have_ended(self, supervisor: Supervisor) -> bool:
        """True once each robot's source has ended, or the robot was given up."""
        ended = {*supervisor.poll(), *supervisor.given_up}
        return all({name, f'{name}/camera'} & ended for name in self._plan.own)

    def _note(self) -> str:
        latencies = [s.latency_ms for s in self._status.values() if s.latency_ms is not None]
        if not latencies:
            return 'starting the nodes'
        return f'{len(latencies)} of {len(self._status)} robots, {max(latencies):.0f} ms at most'


