"""Scheduling priorities of threads and processes, each in a process of its own."""
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith('linux'), reason='Linux only')


def run(code):
    done = subprocess.run([sys.executable, '-c', code], text=True, capture_output=True, check=True)
    return done.stdout.split()


def test_only_the_calling_thread_gets_a_lower_priority():
    nice = run("""
import os, threading
from ros_animate.scheduling import lower_priority
def work():
    lower_priority()
    print(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
before = os.getpriority(os.PRIO_PROCESS, 0)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(os.getpriority(os.PRIO_PROCESS, 0) - before)
""")
    assert int(nice[0]) >= 5 and nice[1] == '0'


def test_idle_scheduling_holds_for_all_other_threads_and_those_they_start():
    policies = run("""
import os, queue, threading
from ros_animate.scheduling import schedule_others_idle
def is_idle():
    print(os.sched_getscheduler(threading.get_native_id()) == os.SCHED_IDLE)
def work():
    while (task := tasks.get()) is not None:
        task()
        done.put(None)
def ask(task):
    tasks.put(task)
    done.get()
def ask_later_thread():
    thread = threading.Thread(target=is_idle)
    thread.start()
    thread.join()
tasks, done = queue.Queue(), queue.Queue()
threading.Thread(target=work).start()
ask(is_idle)
schedule_others_idle(True)
ask(is_idle)
ask(ask_later_thread)
is_idle()
schedule_others_idle(False)
ask(is_idle)
tasks.put(None)
""")
    may_return = run('from ros_animate.scheduling import may_leave_idle_scheduling as may\n'
                     'print(may())')
    assert policies == ['False', *may_return * 2, 'False', 'False']


SLICES = """
import ctypes, os, struct, subprocess, sys, threading
from ros_animate import scheduling
from ros_animate.scheduling import lower_priority, take_short_slices
READ = {'x86_64': 315, 'aarch64': 275, 'riscv64': 275, 'armv7l': 381}
def slice_ns(thread=0):
    data = ctypes.create_string_buffer(48)
    ctypes.CDLL(None).syscall(READ[os.uname().machine], thread, data, 48, 0)
    return struct.unpack('=IIQiIQQQ', data.raw)[5]
def tell(*_):
    print(slice_ns(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
def in_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
tell()
"""


@pytest.fixture
def system_slice():
    """Slice of the system and the priority of a process, as the code tells them."""
    found = run(SLICES + 'scheduling._set_slice(700_000)\ntell()')
    if found[2] != '700000':
        pytest.skip('this Linux has no slices of single threads')
    return found[0]


def test_a_process_and_its_threads_get_short_slices_and_keep_their_priority(system_slice):
    found = run(SLICES + 'take_short_slices()\ntell()\nin_thread(tell)')
    priority = found[1]
    assert found == [system_slice, priority, *(['500000', priority] * 2)]


def test_a_thread_of_lower_priority_has_the_slices_of_the_system(system_slice):
    found = run(SLICES + 'take_short_slices()\nin_thread(lambda: tell(lower_priority()))\ntell()')
    assert found[2::2] == [system_slice, '500000']


def test_a_process_of_lower_priority_gets_no_short_slices(system_slice):
    found = run(SLICES + 'lower_priority()\ntake_short_slices()\ntell()')
    assert found[2] == system_slice and int(found[3]) > 0
