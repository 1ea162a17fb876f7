"""A trajectory that is followed to its end, with tolerances."""
from dataclasses import replace

import numpy as np
import pytest

from ros_animate.hardware.safety import Safety
from ros_animate.hardware.safety_config import SafetyConfig
from ros_animate.hardware.trajectory_goal import (
    GoalCode,
    GoalRefused,
    GoalTolerances,
    TrajectoryGoal,
    with_velocities,
)
from ros_animate.robot.descriptions import load_spec
from ros_animate.types import Command

SPEC = load_spec('servo_head')
PAN, SIZE = SPEC.index('Head Pan'), len(SPEC.names)
NOW_S = 100.0


def pose(pan):
    position = SPEC.neutral.copy()
    position[PAN] = pan
    return position


def point(after_s, pan, velocity=0.0):
    rate = np.zeros(SIZE)
    rate[PAN] = velocity
    return NOW_S + after_s, Command(SPEC.names, pose(pan), rate, np.zeros(SIZE), NOW_S)


def goal(*points, path=np.inf, end=0.5, time_s=1.0, blend_s=0.0):
    return TrajectoryGoal(SPEC, points or (point(2.0, 20.0),), pose(0.0), NOW_S, GoalTolerances(
        np.full(SIZE, path), np.full(SIZE, end), time_s, blend_s))


def test_it_begins_where_the_robot_is_and_ends_at_the_last_point():
    subject = goal()
    assert subject.target(NOW_S).position[PAN] == 0
    assert subject.target(NOW_S + 1.0).position[PAN] == pytest.approx(10)
    for after_s in (2.0, 50.0):
        target = subject.target(NOW_S + after_s)
        assert target.position[PAN] == 20 and not target.velocity.any()
    assert subject.target(NOW_S + 0.7).stamp_s == NOW_S + 0.7  # never grows stale


def test_points_that_have_passed_are_left_out():
    late = [(time_s - 1.0, command) for time_s, command in (point(0.5, 50.0), point(3.0, 20.0))]
    assert goal(*late).target(NOW_S + 0.1).position[PAN] < 1.0


def test_it_succeeds_when_the_robot_has_arrived():
    subject = goal()
    assert subject.progress(NOW_S + 1.0, pose(10.0)).code is None
    assert subject.progress(NOW_S + 2.1, pose(19.0)).code is None
    assert subject.progress(NOW_S + 2.2, pose(19.6)).code == GoalCode.SUCCESSFUL


def test_one_that_does_not_arrive_in_time_is_told():
    progress = goal().progress(NOW_S + 3.1, pose(15.0))
    assert progress.code == GoalCode.GOAL_TOLERANCE_VIOLATED
    assert 'head_pan is 5 deg off 1 s after the end, allowed 0.5' in progress.text


def test_the_path_is_checked_after_the_blend():
    subject = goal(path=2.0, blend_s=0.5)
    assert subject.progress(NOW_S + 0.4, pose(-20.0)).code is None
    progress = subject.progress(NOW_S + 1.0, pose(7.5))
    assert progress.code == GoalCode.PATH_TOLERANCE_VIOLATED and '2.5 deg off' in progress.text
    assert subject.progress(NOW_S + 1.0, pose(8.5)).code is None


@pytest.mark.parametrize('points, complaint', [
    ([point(1.0, 10.0), point(1.0, 20.0)], 'do not increase'),
    ([point(-2.0, 10.0), point(-1.0, 20.0)], 'in the past'),
    ([point(1.0, 61.0)], 'head_pan is to go to 61, its range is -60 to 60'),
    ([point(1.0, 10.0, 5.0)], "'head_pan' still moves at the end")])
def test_impossible_goals_are_refused(points, complaint):
    with pytest.raises(GoalRefused, match=complaint):
        goal(*points)


def test_points_without_velocities_are_passed_through():
    points = with_velocities([point(t, p) for t, p in ((1, 0), (2, 10), (4, 20), (5, 10), (6, 10))])
    assert [command.velocity[PAN] for _, command in points] == [0, 7.5, 0, 0, 0]
    assert not with_velocities([point(1, 10)])[0][1].velocity.any()
    middle = goal(*points).target(NOW_S + 2.0)
    assert middle.velocity[PAN] == pytest.approx(7.5)


def test_a_robot_that_follows_exactly_keeps_a_narrow_path():
    subject = goal(*with_velocities([point(t, p) for t, p in ((0.5, 10), (1, 25), (2, 5))]),
                   path=1e-6, end=1e-6)
    for now_s in np.arange(NOW_S, NOW_S + 2.5, 0.01):
        progress = subject.progress(now_s, subject.target(now_s).position)
        assert progress.code in (None, GoalCode.SUCCESSFUL)
    assert progress.code == GoalCode.SUCCESSFUL
    assert replace(progress.desired, stamp_s=0.0).position[PAN] == 5


def test_a_source_that_is_expected_takes_over_at_once():
    """A goal may come a moment after the last one, while a camera has taken over in between."""
    def sources(expected):
        safety, zero, now_s = Safety(SafetyConfig(), SPEC), np.zeros(SIZE), 0.0
        for source in ('(goal)', 'camera', '(goal)'):
            if expected:
                safety.expect(source)
            for _ in range(5):
                now_s += 1 / 60
                safety.step(Command(SPEC.names, pose(1.0), zero, zero, now_s), now_s, source)
            yield safety.source
    assert list(sources(expected=True)) == ['(goal)', 'camera', '(goal)']
    assert list(sources(expected=False)) == ['(goal)', 'camera', 'camera']
