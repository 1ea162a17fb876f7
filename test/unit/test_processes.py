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
from ros_animate.processes import lower_priority
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
from ros_animate.processes import schedule_others_idle
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
    may_return = run('from ros_animate.processes import may_leave_idle_scheduling as may\n'
                     'print(may())')
    assert policies == ['False', *may_return * 2, 'False', 'False']
