"""The order of the pairs: whole epochs, shares of the folders, a function of seed and step."""
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ros_animate.training.core.order import Order

SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=3)


def groups_of(sizes):
    ends = np.cumsum([0, *sizes])
    return [np.arange(a, b) for a, b in zip(ends, ends[1:])]


@given(SIZES, st.integers(0, 5))
def test_an_epoch_has_every_pair_once(sizes, epoch):
    order = Order(groups_of(sizes), None, 7)
    count = sum(sizes)
    drawn = [int(order.batch(step, 1)[0]) for step in range(epoch * count, (epoch + 1) * count)]
    assert sorted(drawn) == list(range(count))


@given(SIZES, st.integers(1, 9), st.integers(0, 20))
def test_a_batch_depends_on_the_step_alone(sizes, size, step):
    order = Order(groups_of(sizes), None, 3)
    for earlier in range(step):
        order.batch(earlier, size)
    fresh = Order(groups_of(sizes), None, 3)
    np.testing.assert_array_equal(order.batch(step, size), fresh.batch(step, size))


def test_folders_have_their_parts():
    order = Order(groups_of([90, 10]), [1, 1], 0)
    drawn = np.concatenate([order.batch(step, 10) for step in range(100)])
    assert (drawn >= 90).mean() == 0.5
    counts = np.bincount(drawn, minlength=100)
    assert np.ptp(counts[:90]) <= 1
    assert np.ptp(counts[90:]) <= 1


def test_the_seed_changes_the_order():
    one, other = (Order(groups_of([50]), None, seed).batch(0, 50) for seed in (0, 1))
    assert not np.array_equal(one, other)
