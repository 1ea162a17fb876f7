"""Following a trajectory that is replaced while it runs."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.hardware.trajectory import TrajectoryFollower, quintic
from ros_animate.types import Command

numbers = st.floats(-10, 10)
triples = st.tuples(numbers, numbers, numbers)


def command(position, velocity=0.0, acceleration=0.0, stamp_s=1.0):
    return Command(('a',), *(np.array([float(x)]) for x in (position, velocity, acceleration)),
                   stamp_s)


def values(result):
    return [float(x[0]) for x in (result.position, result.velocity, result.acceleration)]


@given(triples, triples, st.floats(0.01, 2))
def test_quintic_meets_both_ends(start, end, duration_s):
    for point, at_s in ((start, 0.0), (end, duration_s)):
        result = quintic(command(*start), command(*end), duration_s, at_s)
        scale = 1 + 100 / duration_s ** 2
        assert values(result) == pytest.approx(point, abs=1e-6 * scale)


@given(st.lists(numbers, min_size=6, max_size=6), st.floats(0, 1))
def test_quintic_is_exact_for_polynomials_of_degree_five(coefficients, share):
    polynomial = np.polynomial.Polynomial(coefficients)
    derivatives = [polynomial, polynomial.deriv(), polynomial.deriv(2)]

    def at(t):
        return [float(d(t)) for d in derivatives]
    result = quintic(command(*at(0.0)), command(*at(1.0)), 1.0, share)
    assert values(result) == pytest.approx(at(share), abs=1e-6)


def test_before_the_first_trajectory_there_is_nothing():
    assert TrajectoryFollower().at(0.0) is None


def test_it_goes_through_the_points_and_keeps_the_stamp():
    follower = TrajectoryFollower()
    follower.take([(1.0, command(0)), (2.0, command(1)), (3.0, command(3))])
    assert [values(follower.at(t))[0] for t in (1.0, 2.0, 3.0)] == pytest.approx([0, 1, 3])
    assert values(follower.at(1.5))[0] == pytest.approx(0.5)
    assert follower.at(1.5).stamp_s == 1.0


def test_ends_are_continued_for_a_moment_and_then_held():
    follower = TrajectoryFollower(continue_s=0.1)
    follower.take([(1.0, command(0, velocity=2)), (2.0, command(2, velocity=2))])
    assert values(follower.at(2.05)) == pytest.approx([2.1, 2, 0])
    assert values(follower.at(0.95)) == pytest.approx([-0.1, 2, 0])
    assert values(follower.at(9.0)) == pytest.approx([2.2, 0, 0])
    assert values(follower.at(-9.0)) == pytest.approx([-0.2, 0, 0])


def test_a_newer_trajectory_replaces_the_older():
    follower = TrajectoryFollower()
    follower.take([(1.0, command(0)), (2.0, command(1))])
    follower.take([(1.5, command(5, stamp_s=2.0))])
    assert values(follower.at(1.5))[0] == 5 and follower.at(1.5).stamp_s == 2.0
    follower.reset()
    assert follower.at(1.5) is None


@pytest.mark.parametrize('times', [[], [1.0, 1.0], [2.0, 1.0]])
def test_points_out_of_order_are_refused(times):
    with pytest.raises(ValueError, match='increase in time'):
        TrajectoryFollower().take([(t, command(0)) for t in times])
