"""Child processes: started, watched, started again after a crash, stopped in order.

For machines without `ros2 launch`; imports no ROS.
"""
from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ros_animate.errors import UserError
from ros_animate.processes import PARENT

EXIT_USER_ERROR = 2
FIRST_RESPAWN_S, LAST_RESPAWN_S = 0.5, 8.0
# A process that lived this long had started well: the next respawn is quick again.
HEALTHY_S = 10.0
STOP_S = 8.0
_TAIL_LINES = 30
# What of a child's output a person wants to see while it runs.
_NOTABLE = re.compile(r'^\[(WARN|ERROR|FATAL)\]|^ros_animate: ')
_LOG_PREFIX = re.compile(r'^\[(\w+)\] \[[\d.]+\] \[([\w./]+)\]: ')


@dataclass(frozen=True)
class Program:
    """What to run.

    Attributes:
        name: For messages.
        module: Python module, run with `python -m`.
        arguments: Of its command line.
        respawn: Start it again after a crash.
        nice: Scheduling priority, 0 to 19.
    """

    name: str
    module: str
    arguments: Sequence[str] = ()
    respawn: bool = True
    nice: int = 0


class Child:
    """A running program; its output is read by threads."""

    def __init__(self, program: Program, environment: Mapping[str, str],
                 on_output: Callable[[str, str], None], on_note: Callable[[str], None]) -> None:
        self.program = program
        self.started_s = time.monotonic()
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._on_output, self._on_note = on_output, on_note
        self._process = subprocess.Popen(
            [sys.executable, '-m', program.module, *program.arguments], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            errors='replace', env={**environment, PARENT: str(os.getpid())})
        if program.nice:
            os.setpriority(os.PRIO_PROCESS, self._process.pid, program.nice)
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
        """The last line that says what went wrong."""
        lines = [line for line in self.tail if line.strip()]
        errors = [line for line in lines if line.startswith('ros_animate: error: ')]
        return (errors or lines or ['no message'])[-1].removeprefix('ros_animate: error: ')

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
        programs: Started in this order.
        environment: Of all of them.
        on_output: Called with (name, line) for each line of standard output, in another thread.
        on_note: Called with each warning or error, in another thread.
    """

    def __init__(self, programs: Sequence[Program], environment: Mapping[str, str], *,
                 on_output: Callable[[str, str], None] = lambda name, line: None,
                 on_note: Callable[[str], None] = lambda line: None) -> None:
        self.respawned = 0
        self._programs = programs
        self._environment = environment
        self._on_output, self._on_note = on_output, on_note
        self._children: dict[str, Child] = {}
        self._delays_s: dict[str, float] = {}
        self._due_s: dict[str, float] = {}

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
            UserError: A program refused its configuration, or one that may not crash has.
        """
        return self.poll_only(*self._children)

    def poll_only(self, *names: str) -> list[str]:
        """`poll` of some programs."""
        ended = []
        for name in names:
            child = self._children[name]
            status = child.poll()
            if status is None:
                continue
            if status == 0:
                ended.append(name)
            elif status == EXIT_USER_ERROR:
                child.wait(STOP_S)
                raise UserError(child.complaint())
            elif not child.program.respawn:
                child.wait(STOP_S)
                raise UserError(f'{name} has crashed ({_cause(status)}): {child.complaint()}')
            else:
                self._respawn_when_due(child, status)
        return ended

    def stop(self, *, but: Sequence[str] = ()) -> None:
        """Asks one after the other to end, and waits for each."""
        for program in self._programs:
            if program.name not in but:
                self.stop_one(program.name)

    def stop_one(self, name: str, timeout_s: float = STOP_S) -> None:
        """Asks one program to end and waits for it; kills it if it does not."""
        if name in self._children:
            self._children[name].signal(signal.SIGTERM)
            self._children[name].wait(timeout_s)

    def is_running(self, name: str) -> bool:
        """Whether the program runs now."""
        return name in self._children and self._children[name].poll() is None

    def _start(self, program: Program) -> None:
        self._children[program.name] = Child(program, self._environment, self._on_output,
                                             self._on_note)

    def _respawn_when_due(self, child: Child, status: int) -> None:
        name, now_s = child.program.name, time.monotonic()
        if name not in self._due_s:
            if now_s - child.started_s > HEALTHY_S:
                self._delays_s.pop(name, None)
            delay_s = self._delays_s.get(name, FIRST_RESPAWN_S)
            self._delays_s[name] = min(2 * delay_s, LAST_RESPAWN_S)
            self._due_s[name] = now_s + delay_s
            self._on_note(f'{name} has crashed ({_cause(status)}); it is started again')
        elif now_s >= self._due_s[name]:
            del self._due_s[name]
            self.respawned += 1
            self._start(child.program)


def _cause(status: int) -> str:
    if status >= 0:
        return f'exit status {status}'
    return f'signal {signal.Signals(-status).name}'
