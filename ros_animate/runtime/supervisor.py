"""Supervises child processes: starts and stops them in order, restarts them after a crash.

For machines without `ros2 launch`; imports no ROS.
"""
from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ros_animate.backoff import Backoff
from ros_animate.errors import ExitStatus, UserError
from ros_animate.processes import PARENT, module_command
from ros_animate.runtime.last_error import last_error
from ros_animate.scheduling import lower_priority

FIRST_RESPAWN_S, LAST_RESPAWN_S = 0.5, 8.0
# A process that lived this long had started well: the next respawn is quick again.
HEALTHY_S = 30.0
# After so many crashes in a row, none of which lived that long, the run ends.
MAX_CRASHES = 4
STOP_S = 8.0
_TAIL_LINES = 100
# Signals that other programs send: a process that they end has no defect.
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP)
# Lines of a child's output that are shown to the user.
_NOTABLE = re.compile(r'^\[(WARN|ERROR|FATAL)\]|^ros_animate: (?!error: )')
_LOG_PREFIX = re.compile(r'^\[(\w+)\] \[[\d.]+\] \[([\w./]+)\]: ')


@dataclass(frozen=True)
class Program:
    """A program to run.

    Attributes:
        name: Name in messages.
        module: Python module, run as a program.
        arguments: Arguments of the command line.
        respawn: True if it is started again after a crash.
        nice: Scheduling priority, 0 to 19.
        vital: False if the others go on without it when it cannot run.
    """

    name: str
    module: str
    arguments: Sequence[str] = ()
    respawn: bool = True
    nice: int = 0
    vital: bool = True


class Child:
    """A running program; its output is read by threads."""

    def __init__(self, program: Program, environment: Mapping[str, str],
                 on_output: Callable[[str, str], None], on_note: Callable[[str], None]) -> None:
        self.program = program
        self.started_s = time.monotonic()
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._on_output, self._on_note = on_output, on_note
        command = [*module_command(program.module), *program.arguments]
        try:
            self._process = subprocess.Popen(
                command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, errors='replace',
                env={**environment, PARENT: str(os.getpid())})
        except OSError as error:
            raise UserError(f'cannot start {program.name} with {command[0]}: {error.strerror}'
                            ) from error
        if program.nice:
            lower_priority(self._process.pid, program.nice)
        self._readers = [threading.Thread(target=self._read_output, daemon=True),
                         threading.Thread(target=self._read_errors, daemon=True)]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """Process number."""
        return self._process.pid

    def poll(self) -> int | None:
        """Exit status, None while it runs."""
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Sends a signal if it still runs."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, timeout_s: float) -> int:
        """Waits for its end; kills it after `timeout_s`. Returns the exit status."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join(1.0)
        return self._process.returncode

    def complaint(self) -> str:
        """The error in its output, in one line."""
        return last_error(list(self.tail))

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._on_output(self.program.name, line.rstrip('\n'))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            line = line.rstrip('\n')
            self.tail.append(line)
            if _NOTABLE.match(line):
                self._on_note(_LOG_PREFIX.sub(r'\1 \2: ', line))


class Supervisor:
    """Keeps programs running; a context manager that stops them in order of their start.

    Args:
        programs: Programs in the order of their start.
        environment: Environment variables of all programs.
        on_output: Called with (name, line) for each line of standard output, in another thread.
        on_note: Called with each warning or error, in another thread.

    Attributes:
        respawned: Number of restarts after crashes.
        given_up: Names of the programs that cannot run, without which the others go on.
    """

    def __init__(self, programs: Sequence[Program], environment: Mapping[str, str], *,
                 on_output: Callable[[str, str], None] = lambda name, line: None,
                 on_note: Callable[[str], None] = lambda line: None) -> None:
        self.respawned = 0
        self._programs = programs
        self._environment = environment
        self._on_output, self._on_note = on_output, on_note
        self._children: dict[str, Child] = {}
        self._backoffs = {program.name: Backoff(FIRST_RESPAWN_S, LAST_RESPAWN_S)
                          for program in programs}
        self._crashed: set[str] = set()
        self._crashes = Counter[str]()
        self.given_up: set[str] = set()

    def __enter__(self) -> Supervisor:
        try:
            for program in self._programs:
                self._start(program)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def pid(self, name: str) -> int:
        """Process number of a program."""
        return self._children[name].pid

    def poll(self) -> list[str]:
        """Starts crashed programs again; returns the names of those that ended by themselves.

        Raises:
            UserError: A program refused its configuration, one that may not crash has, or one
                crashes again and again.
        """
        return self.poll_only(*self._children)

    def poll_only(self, *names: str) -> list[str]:
        """Like `poll`, for some of the programs."""
        ended = []
        for name in names:
            child = self._children[name]
            status = child.poll()
            if status is None:
                continue
            if status == 0:
                ended.append(name)
            elif child.program.vital:
                self._respawn_or_raise(child, status)
            else:
                self._respawn_or_give_up(child, status)
        return ended

    def stop(self, *, but: Sequence[str] = ()) -> None:
        """Asks one after the other to end, and waits for each."""
        for program in self._programs:
            if program.name not in but:
                self.stop_one(program.name)

    def stop_together(self, names: Sequence[str]) -> None:
        """Asks some programs to end, all at the same time, and waits for them."""
        for name in names:
            if name in self._children:
                self._children[name].signal(signal.SIGTERM)
        for name in names:
            self.stop_one(name)

    def stop_one(self, name: str, timeout_s: float = STOP_S) -> None:
        """Asks one program to end and waits for it; kills it if it does not."""
        if name in self._children:
            self._children[name].signal(signal.SIGTERM)
            self._children[name].wait(timeout_s)

    def is_running(self, name: str) -> bool:
        """True if the program runs now."""
        return name in self._children and self._children[name].poll() is None

    def _start(self, program: Program) -> None:
        self._children[program.name] = Child(program, self._environment, self._on_output,
                                             self._on_note)

    def _respawn_or_give_up(self, child: Child, status: int) -> None:
        """Starts a program again that the others do without, unless it cannot run at all."""
        name = child.program.name
        if name in self.given_up:
            return
        try:
            self._respawn_or_raise(child, status)
        except UserError as error:
            self.given_up.add(name)
            self._on_note(f'{name} cannot run, the others go on: {error}')

    def _respawn_or_raise(self, child: Child, status: int) -> None:
        """Starts a program again; raises UserError if it cannot run, or is not to run again."""
        if status != ExitStatus.USER_ERROR and child.program.respawn:
            self._respawn_when_due(child, status)
            return
        child.wait(STOP_S)
        if status == ExitStatus.USER_ERROR:
            raise UserError(child.complaint())
        raise UserError(f'{child.program.name} has crashed ({_cause(status)}): '
                        f'{child.complaint()}')

    def _respawn_when_due(self, child: Child, status: int) -> None:
        name, now_s = child.program.name, time.monotonic()
        if name not in self._crashed:
            self._crashed.add(name)
            self._note_crash(child, status, now_s)
        elif self._backoffs[name].is_due(now_s):
            self._crashed.remove(name)
            self.respawned += 1
            self._start(child.program)

    def _note_crash(self, child: Child, status: int, now_s: float) -> None:
        name = child.program.name
        child.wait(STOP_S)  # for its last lines
        if now_s - child.started_s > HEALTHY_S:
            self._backoffs[name].reset()
            self._crashes[name] = 0
        if status not in _FROM_OUTSIDE:
            self._crashes[name] += 1
        self._backoffs[name].note_failure(now_s)
        if self._crashes[name] >= MAX_CRASHES:
            raise UserError(f'{name} has crashed {MAX_CRASHES} times in a row '
                            f'({_cause(status)}): {child.complaint()}')
        reason = f': {child.complaint()}' if status not in _FROM_OUTSIDE else ''
        self._on_note(f'{name} has crashed ({_cause(status)}); it is started again{reason}')


def _cause(status: int) -> str:
    if status >= 0:
        return f'exit status {status}'
    return f'signal {signal.Signals(-status).name}'
