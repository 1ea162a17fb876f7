"""Child processes: respawned after a crash, stopped in order, never left behind."""
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ros_animate.errors import UserError
from ros_animate.runtime import supervisor as module
from ros_animate.runtime.supervisor import Program, Supervisor

TIMEOUT_S = 60.0
CHILDREN = """
import os, signal, sys, time
from ros_animate.processes import become_child
become_child()
what = sys.argv[1]
if what == 'refuse':
    print('ros_animate: error: no such robot', file=sys.stderr)
    sys.exit(2)
if what == 'crash':
    raise RuntimeError('broken')
if what == 'end':
    sys.exit(0)
if what == 'deaf':
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if what == 'polite':  # ends once another one has been asked to end, too
    import pathlib
    here, other = map(pathlib.Path, sys.argv[2:])
    def leave(*_):
        here.touch()
        while not other.exists():
            time.sleep(0.01)
        sys.exit(0)
    signal.signal(signal.SIGTERM, leave)
print('up', os.getpid(), flush=True)
print('[WARN] [1.5] [camera]: unplugged', file=sys.stderr, flush=True)
print('[INFO] [1.5] [camera]: chatter', file=sys.stderr, flush=True)
while True:
    time.sleep(0.01)
"""


@pytest.fixture
def environment(tmp_path):
    (tmp_path / 'stand_in.py').write_text(CHILDREN)
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get('PYTHONPATH')]))
    return {**os.environ, 'PYTHONPATH': path}


class Collector:
    """Output of the children, with waiting."""

    def __init__(self):
        self.lines, self.notes = [], []
        self.condition = threading.Condition()

    def output(self, name, line):
        with self.condition:
            self.lines.append((name, line))
            self.condition.notify_all()

    def note(self, line):
        with self.condition:
            self.notes.append(line)
            self.condition.notify_all()

    def wait_for(self, predicate):
        with self.condition:
            assert self.condition.wait_for(predicate, TIMEOUT_S), (self.lines, self.notes)


def program(what, name='child', **options):
    return Program(name, 'stand_in', [what], **options)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def poll_until(supervisor, predicate):
    end_s = time.monotonic() + TIMEOUT_S
    while not predicate():
        assert time.monotonic() < end_s
        supervisor.poll()


def test_output_and_warnings_are_handed_on(environment):
    collector = Collector()
    with Supervisor([program('run')], environment, on_output=collector.output,
                    on_note=collector.note):
        collector.wait_for(lambda: collector.lines and collector.notes)
    assert collector.lines[0][1].startswith('up ')
    assert collector.notes == ['WARN camera: unplugged']


def test_a_killed_child_is_started_again(environment, monkeypatch):
    monkeypatch.setattr(module, 'FIRST_RESPAWN_S', 0.0)
    collector = Collector()
    with Supervisor([program('run')], environment, on_output=collector.output,
                    on_note=collector.note) as supervisor:
        collector.wait_for(lambda: collector.lines)
        first = supervisor.pid('child')
        os.kill(first, signal.SIGKILL)
        poll_until(supervisor, lambda: len(collector.lines) == 2)
        assert supervisor.pid('child') != first
    assert supervisor.respawned == 1
    assert any('SIGKILL' in note for note in collector.notes)


def test_a_child_that_keeps_crashing_is_started_ever_less_often(environment, monkeypatch):
    monkeypatch.setattr(module, 'FIRST_RESPAWN_S', 0.05)
    crashed_s, started_s = [], []
    with Supervisor([program('crash')], environment,
                    on_note=lambda _: crashed_s.append(time.monotonic())) as supervisor:
        for count in (1, 2, 3):
            poll_until(supervisor, lambda count=count: supervisor.respawned == count)
            started_s.append(time.monotonic())
    for k, (crash_s, start_s) in enumerate(zip(crashed_s, started_s, strict=False)):
        assert start_s - crash_s >= 0.05 * 2 ** k - 1e-3


def test_refused_parameters_end_the_run_with_the_reason(environment):
    with Supervisor([program('refuse')], environment) as supervisor, \
            pytest.raises(UserError, match='^no such robot$'):
        poll_until(supervisor, lambda: False)


def test_a_child_that_may_not_crash_ends_the_run(environment):
    with Supervisor([program('crash', respawn=False)], environment) as supervisor, \
            pytest.raises(UserError, match='child has crashed.*broken'):
        poll_until(supervisor, lambda: False)


@pytest.mark.parametrize('what, reason, respawn', [
    ('refuse', 'no such robot', True), ('crash', 'broken', True), ('crash', 'broken', False)])
def test_the_others_go_on_without_a_child_that_is_not_vital(environment, monkeypatch, what, reason,
                                                            respawn):
    monkeypatch.setattr(module, 'FIRST_RESPAWN_S', 0.0)
    monkeypatch.setattr(module, 'LAST_RESPAWN_S', 0.0)
    collector = Collector()
    programs = [program('run', 'other'), program(what, vital=False, respawn=respawn)]
    with Supervisor(programs, environment, on_output=collector.output,
                    on_note=collector.note) as supervisor:
        poll_until(supervisor, lambda: any('cannot run' in note for note in collector.notes))
        assert any(reason in note for note in collector.notes if 'cannot run' in note)
        assert supervisor.poll() == [] and supervisor.is_running('other')


def test_a_child_that_ends_by_itself_is_reported_and_stays_ended(environment):
    with Supervisor([program('end')], environment) as supervisor:
        poll_until(supervisor, lambda: supervisor.poll() == ['child'])
        assert supervisor.respawned == 0


def test_a_deaf_child_is_killed(environment):
    collector = Collector()
    with Supervisor([program('deaf')], environment, on_output=collector.output) as supervisor:
        collector.wait_for(lambda: collector.lines)
        pid = supervisor.pid('child')
        supervisor.stop_one('child', timeout_s=0.1)
        assert not is_alive(pid)


def test_children_are_stopped_in_order(environment):
    collector = Collector()
    programs = [program('run', 'first'), program('run', 'second')]
    with Supervisor(programs, environment, on_output=collector.output) as supervisor:
        collector.wait_for(lambda: len(collector.lines) == 2)
        supervisor.stop(but=['second'])
        assert not supervisor.is_running('first') and supervisor.is_running('second')
    assert not supervisor.is_running('second')


def test_children_are_stopped_together(environment, tmp_path):
    """Each waits for the other one to be asked; asked one after the other they would be killed."""
    collector, marks = Collector(), [str(tmp_path / name) for name in 'ab']
    programs = [Program(name, 'stand_in', ['polite', *order])
                for name, order in (('a', marks), ('b', marks[::-1]))]
    with Supervisor(programs, environment, on_output=collector.output) as children:
        collector.wait_for(lambda: len(collector.lines) == 2)
        children.stop_together(['a', 'b', 'absent'])
        assert children.poll() == ['a', 'b']


def test_children_end_with_a_supervisor_that_is_killed(environment, tmp_path):
    code = """
import os, sys
from ros_animate.runtime.supervisor import Program, Supervisor
with Supervisor([Program('child', 'stand_in', ['run'])], dict(os.environ),
                on_output=lambda name, line: print(line, flush=True)):
    sys.stdin.read()
"""
    (tmp_path / 'parent.py').write_text(code)
    parent = subprocess.Popen([sys.executable, str(tmp_path / 'parent.py')], env=environment,
                              text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline().split()[1])
    parent.kill()
    parent.communicate()
    end_s = time.monotonic() + TIMEOUT_S
    while is_alive(child):
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_program_that_crashes_at_every_start_is_given_up_with_the_reason(environment,
                                                                           monkeypatch):
    monkeypatch.setattr(module, 'FIRST_RESPAWN_S', 0.0)
    collector = Collector()
    with Supervisor([program('crash')], environment, on_note=collector.note) as supervisor, \
            pytest.raises(UserError, match=r'4 times.*RuntimeError: broken \(.*stand_in.py:\d+\)'):
        poll_until(supervisor, lambda: False)
    assert len(collector.notes) == supervisor.respawned == 3
    assert all('RuntimeError: broken' in note for note in collector.notes)


def test_modules_in_the_working_directory_are_not_imported(environment, tmp_path, monkeypatch):
    folder = tmp_path / 'cwd'
    folder.mkdir()
    for name in ('random', 'calendar', 'types', 'stand_in'):
        (folder / f'{name}.py').write_text('raise RuntimeError("imported from the folder")')
    monkeypatch.chdir(folder)
    collector = Collector()
    with Supervisor([program('run')], environment, on_output=collector.output):
        collector.wait_for(lambda: collector.lines)


def test_a_lower_priority_than_asked_for_is_kept(environment):
    code = """
import os
from ros_animate.runtime.supervisor import Program, Supervisor
os.nice(10)
with Supervisor([Program('child', 'stand_in', ['run'], nice=5)], dict(os.environ)) as supervisor:
    print(os.getpriority(os.PRIO_PROCESS, supervisor.pid('child')))
"""
    done = subprocess.run([sys.executable, '-c', code], env=environment, text=True,
                          capture_output=True, check=True)
    assert int(done.stdout) >= 10
