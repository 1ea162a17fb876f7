"""Steps that fit into a time: schedules are complete when it is over, whatever the machine."""
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.training.core.plan import FIRST, StepPlan

MINUTES = 5.0


class Machine:
    """A clock that goes on by the time of each step."""

    def __init__(self, step_s):
        self.now_s = 1000.0
        self._step_s = itertools.chain(step_s, itertools.repeat(step_s[-1]))

    def __call__(self):
        return self.now_s

    def train(self, plan, first=0, until=None):
        """Runs steps; returns the number of steps done."""
        step = first
        while step < plan.steps and step != until:
            self.now_s += next(self._step_s)
            step += 1
            plan.advance(step, lambda estimate: estimate)
        return step


def test_a_number_of_steps_stays():
    machine = Machine([10.0])
    plan = StepPlan(40, now=machine)
    plan.begin(0, 0.0)
    assert machine.train(plan) == plan.steps == 40


@given(st.floats(0.05, 2.0), st.floats(0.0, 60.0), st.lists(st.floats(1.0, 40.0), max_size=3))
def test_the_time_is_used_and_kept(step_s, preparation_s, slow_start):
    machine = Machine([*(step_s * slow for slow in slow_start), step_s])
    plan = StepPlan(5000, MINUTES, now=machine)
    machine.now_s += preparation_s
    plan.begin(0, 0.0)
    done = machine.train(plan)
    assert done == plan.steps
    spent_s = machine.now_s - 1000.0
    least = FIRST * 40 * step_s  # the first steps may take longer than all of the time
    assert spent_s <= max(60.0 * MINUTES, preparation_s + least)
    assert spent_s >= 60.0 * MINUTES * 0.93 - 2 * step_s or done <= FIRST


def test_a_machine_that_becomes_slower():
    machine = Machine([0.5] * 200 + [1.0])
    plan = StepPlan(5000, MINUTES, now=machine)
    plan.begin(0, 0.0)
    machine.train(plan)
    assert 0.93 * 60 * MINUTES <= machine.now_s - 1000.0 <= 60 * MINUTES


def test_the_time_before_a_restart_counts():
    machine = Machine([0.5])
    plan = StepPlan(5000, MINUTES, now=machine)
    plan.begin(0, 0.0)
    machine.train(plan, until=300)
    resumed = StepPlan(5000, MINUTES, now=machine)
    resumed.resume(plan.steps)
    resumed.begin(300, 150.0)
    assert machine.train(resumed, first=300) == pytest.approx(588, abs=12)


def test_a_time_that_is_over_ends_at_once():
    machine = Machine([0.5])
    plan = StepPlan(5000, MINUTES, now=machine)
    plan.resume(600)
    plan.begin(400, 600.0)
    assert machine.train(plan, first=400) == plan.steps == 400 + FIRST


def test_a_stage_before_has_its_share_of_the_time():
    machine = Machine([0.05])
    plan = StepPlan(5000, MINUTES, now=machine)
    before = plan.before(1.0, 0.1)
    before.begin(0, 0.0)
    machine.train(before)
    assert machine.now_s - 1000.0 == pytest.approx(60 * MINUTES * 0.1 / 1.1, rel=0.05)
    assert StepPlan(200).before(0.5, 0.1).steps == 100
    assert plan.before(0.0, 0.1).steps == 0


def test_all_processes_use_the_estimate_of_the_first():
    machine = Machine([1.0])
    plan = StepPlan(5000, MINUTES, now=machine)
    plan.begin(0, 0.0)
    plan.advance(FIRST, lambda estimate: 77)
    assert plan.steps == 77
