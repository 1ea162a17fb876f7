"""Random robots and difficult streams for the property tests of smoothing and safety."""
import numpy as np
from hypothesis import strategies as st

from ros_animate.robot.coupled_limits import CoupledSet
from ros_animate.robot.spec import Control, CoupledLimit, RobotSpec
from ros_animate.types import ActionChunk


def robots(max_controls=6):
    """Hypothesis strategy for robots."""
    return st.integers(0, 2 ** 32).map(
        lambda seed: random_robot(np.random.default_rng(seed), max_controls))


def random_robot(rng, max_controls=6):
    """Random ranges and limits and, between neighbouring controls, coupled limits or none."""
    controls = tuple(_control(rng, f'c{i}') for i in range(rng.integers(1, max_controls + 1)))
    coupled = tuple(limit for limiting, limited in zip(controls, controls[1:], strict=False)
                    if rng.random() < 0.5 for limit in _coupled(rng, limiting, limited))
    return RobotSpec('random', 'random', 'mock', controls, coupled)


def _control(rng, name):
    span = 10 ** rng.uniform(-1, 2.3)
    low = rng.uniform(-1, 1) * span
    velocity = span * 10 ** rng.uniform(-0.7, 1.7)
    acceleration = velocity * 10 ** rng.uniform(0, 2.3)
    middle = low + 0.5 * span
    return Control(name, name, 'all', '', low, low + span, middle, middle, velocity, acceleration,
                   0.01 * span)


def _coupled(rng, limiting, limited):
    """A convex lower limit, a concave upper one or both; the middle of the range is always free."""
    x = [limiting.low, 0.5 * (limiting.low + limiting.high), limiting.high]

    def limit(side, sign, base):
        a, c = rng.uniform(0.0, 0.45, 2)
        b = 0.5 * (a + c) * rng.uniform()
        span = sign * (limited.high - limited.low)
        points = tuple((at, base + span * share) for at, share in zip(x, (a, b, c), strict=True))
        return CoupledLimit(((limiting.name, 1.0),), limited.name, side, points)

    both = [limit('lower', 1, limited.low), limit('upper', -1, limited.high)]
    return [both[:1], both[1:], both][rng.integers(3)]


KINDS = ('uniform', 'corners', 'steps', 'walk', 'wild', 'poison', 'ramp')


def targets(kind, count, spec, rng):
    """(count, N) difficult targets of a kind."""
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
    values = targets(kind, count, spec, rng)
    length = int(rng.integers(1, 4))
    return [ActionChunk(spec.names, values[max(0, k - length + 1):k + 1], period_s, stamp)
            for k, stamp in enumerate(stamps)]


def excess(spec, times_s, positions):
    """Excess of (position, velocity, acceleration) beyond the limits, relative to them.

    Velocity and acceleration are finite differences of the positions, from rest. The effect that
    rounding of the positions can have is subtracted.
    """
    positions, dt = np.array(positions), np.diff(times_s)[:, np.newaxis]
    velocity = np.diff(positions, axis=0) / dt
    acceleration = np.diff(velocity, axis=0, prepend=0.0) / dt
    beyond = max((spec.low - positions).max(), (positions - spec.high).max())
    allowed = CoupledSet(spec, spec.low, spec.high)
    if len(allowed.members):
        outside = positions @ allowed.matrix.T - allowed.bound
        beyond = max(beyond, outside.max())
    rounding = 4 * np.spacing(np.abs(positions).max(axis=0))
    return (beyond / (spec.high - spec.low).min(),
            ((np.abs(velocity) - rounding / dt) / spec.max_velocity).max() - 1.0,
            ((np.abs(acceleration) - 2 * rounding / dt.min() ** 2)
             / spec.max_acceleration).max() - 1.0)
