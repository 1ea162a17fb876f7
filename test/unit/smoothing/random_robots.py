"""Robots and streams that nobody would build, for the property tests of smoothing and safety."""
import numpy as np
from hypothesis import strategies as st

from ros_animate.hardware.spec import Control, CoupledLimit, RobotSpec
from ros_animate.types import ActionChunk


@st.composite
def robots(draw, max_controls=6):
    """A RobotSpec with random ranges, limits and, between its first controls, coupled limits."""
    size = draw(st.integers(1, max_controls))
    controls = tuple(draw(_controls(f'c{i}')) for i in range(size))
    coupled = tuple(limit for i in range(1, size) if draw(st.booleans())
                    for limit in draw(_coupled(controls[i - 1], controls[i])))
    return RobotSpec('random', 'random', 'mock', controls, coupled)


@st.composite
def _controls(draw, name):
    low = draw(st.floats(-100, 100))
    span = draw(st.floats(0.1, 200))
    velocity = span * draw(st.floats(0.2, 50))
    acceleration = velocity * draw(st.floats(1, 200))
    middle = low + 0.5 * span
    return Control(name, name, 'all', '', low, low + span, middle, middle, velocity, acceleration,
                   0.01 * span)


@st.composite
def _coupled(draw, limiting, limited):
    """A convex lower limit, a concave upper one or both; the middle of the range is always free."""
    x = [limiting.low, 0.5 * (limiting.low + limiting.high), limiting.high]
    ends = st.floats(0.0, 0.45)

    def points(sign, base):
        a, c = draw(ends), draw(ends)
        b = 0.5 * (a + c) * draw(st.floats(0.0, 1.0))
        span = sign * (limited.high - limited.low)
        return tuple(zip(x, (base + span * v for v in (a, b, c)), strict=True))

    sides = draw(st.sampled_from([('lower',), ('upper',), ('lower', 'upper')]))
    bases = {'lower': (1, limited.low), 'upper': (-1, limited.high)}
    return [CoupledLimit(((limiting.name, 1.0),), limited.name, side, points(*bases[side]))
            for side in sides]


KINDS = ('uniform', 'corners', 'steps', 'walk', 'wild', 'poison', 'ramp')


def wishes(kind, count, spec, rng):
    """(count, N) wishes of a kind of trouble."""
    low, high = spec.low, spec.high
    uniform = rng.uniform(low, high, (count, len(low)))
    if kind == 'corners':
        return np.where(rng.random((count, len(low))) < 0.5, low, high)
    if kind == 'steps':
        return np.repeat(uniform, 20, axis=0)[:count]
    if kind == 'walk':
        return spec.neutral + np.cumsum(rng.normal(0, 0.05, uniform.shape), 0) * (high - low)
    if kind == 'wild':
        return rng.normal(0, 1e3, uniform.shape)
    if kind == 'poison':
        return np.where(rng.random(uniform.shape) < 0.02, rng.choice([np.nan, np.inf, -np.inf]),
                        uniform)
    if kind == 'ramp':
        return spec.neutral + np.linspace(-1, 1, count)[:, np.newaxis] * (high - low)
    return uniform


def stream(kind, count, spec, rng, period_s=1 / 30):
    """Chunks with irregular stamps, some of them late, repeated or out of order."""
    stamps = np.cumsum(rng.uniform(0.3, 2.0, count) * period_s)
    stamps = np.where(rng.random(count) < 0.1, stamps - 3 * period_s, stamps)
    values = wishes(kind, count, spec, rng)
    length = int(rng.integers(1, 4))
    return [ActionChunk(spec.names, values[max(0, k - length + 1):k + 1], period_s, stamp)
            for k, stamp in enumerate(stamps)]


def excess(spec, governor, times_s, positions):
    """How far (position, velocity, acceleration) go beyond the limits, relative to them.

    Velocity and acceleration are finite differences of what was sent, from rest. What rounding of
    the positions can make of that is taken off.
    """
    positions, dt = np.array(positions), np.diff(times_s)[:, np.newaxis]
    velocity = np.diff(positions, axis=0) / dt
    acceleration = np.diff(velocity, axis=0, prepend=0.0) / dt
    beyond = max((spec.low - positions).max(), (positions - spec.high).max())
    allowed = governor.allowed
    if len(allowed.members):
        outside = positions[:, allowed.members] @ allowed.matrix.T - allowed.bound
        beyond = max(beyond, outside.max())
    rounding = 4 * np.spacing(np.abs(positions).max(axis=0))
    return (beyond / (spec.high - spec.low).min(),
            ((np.abs(velocity) - rounding / dt) / spec.max_velocity).max() - 1.0,
            ((np.abs(acceleration) - 2 * rounding / dt.min() ** 2)
             / spec.max_acceleration).max() - 1.0)
