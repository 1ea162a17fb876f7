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


def test_idle_scheduling_holds_for_threads_that_exist_and_for_later_ones():
    policies = run("""
import os, threading
from ros_animate.processes import run_only_when_idle
def policy():
    print(os.sched_getscheduler(threading.get_native_id()) == os.SCHED_IDLE)
go = threading.Event()
earlier = threading.Thread(target=lambda: (go.wait(), policy()))
earlier.start()
run_only_when_idle(True)
go.set()
earlier.join()
later = threading.Thread(target=policy)
later.start()
later.join()
""")
    assert policies == ['True', 'True']
