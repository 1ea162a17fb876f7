"""Differences of a robot from its file: dead, inverted, swapped, weak and coupled controls."""
from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ros_animate.calibration.responses import Curve, Expected
from ros_animate.robot.sides import mirror_pairs
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import Array

GAINS = np.linspace(-1.5, 1.5, 61)  # of a control, that are tried
FLOOR = 0.01  # smallest standard deviation of an output
# Lengths of expected answers per level, as multiples of that of the tracker's noise: a weaker one
# cannot be seen; one that is weaker than CLEAR tells whether there is a movement, and not how far
# it goes.
VISIBLE, CLEAR = 0.6, 1.9
DOUBT = 1.2  # standard deviations of the noise by which a weak answer may seem stronger
LITTLE_DOUBT = 0.08  # with which an answer that resembles nothing, or is very weak, says enough
NEUTRAL = 0.25  # share of a neutral pose's noise that the answers have besides their own
# Gains relative to those of the group.
WEAK, STRONG = 0.66, 1.6
UNSURE = 0.1  # share by which a gain may always be wrong
TIE = 1e-6  # of equal explanations the smallest gain counts
DEAD = 0.15  # gain of a control that moves nothing
LEAST_ANSWER = 6.0  # in standard deviations, of a control of which nothing is expected
CLEAR_ANSWER = 18.0  # the same of the answer of another control that may be coupled
SHORT = 0.6  # length of an answer, of what is expected, that is weak whatever it resembles
DEAD_ANSWER = 0.4  # greatest answer of such a control, of what is expected
BETTER = 0.6  # share of the mismatch that is left by another explanation, to believe it
COUPLED = 0.3  # least share of the movement of another control that a control makes besides
COUPLED_PART = 0.12  # least share of its own answer that this makes
COUPLED_MISMATCH = 0.4  # share of what is left that this explanation may leave
FAINT_MISMATCH = 0.9  # of a faint answer that tells nothing
LARGE_MISMATCH = 0.8  # of an answer that resembles nothing


class Fault(enum.Enum):
    """A difference of a control from its description.

    Attributes:
        value: Word for reports.
    """

    NONE = 'as expected'
    DEAD = 'dead'
    STUCK = 'stuck'
    INVERTED = 'inverted'
    SWAPPED = 'swapped'
    WEAK = 'weak'
    STRONG = 'strong'
    COUPLED = 'coupled'
    OTHER = 'different from the file'
    UNSEEN = 'out of sight'
    UNKNOWN = 'no expectation'


@dataclass(frozen=True)
class Finding:
    """Movement and faults of one control, as they were found.

    Attributes:
        control: Index of the control.
        faults: Faults, the gravest first; NONE alone if there is none.
        source: Index of the control whose expected answer it shows; its own index if it is right.
        gain: Movement as a share of what is expected, relative to the others of its group;
            negative if it is inverted; NaN if unknown.
        strength: Answer of the face per level (root of the sum of squares).
        expected: Strength of the expected answer; NaN without one.
        mismatch: Share of the answer (of its squares) that the explanation leaves.
        partner: Index of the control that it is coupled with, -1 for none.
        is_faint: True if its movement can be seen, and how far it goes cannot.
    """

    control: int
    faults: tuple[Fault, ...]
    source: int
    gain: float
    strength: float
    expected: float
    mismatch: float
    partner: int = -1
    is_faint: bool = False


@dataclass(frozen=True)
class _Fit:
    """The best explanation of a measured answer by the expected answer of one control."""

    source: int
    gain: float
    mismatch: float


def find_faults(spec: RobotSpec, measured: Sequence[Curve | None], expected: Expected | None,
                noise: Array, stuck: Sequence[str] = ()) -> list[Finding]:
    """A finding for every control.

    Args:
        spec: The robot.
        measured: Its answers, by control.
        expected: The answers of a robot that does what the file says; None without a section
            `face` in it.
        noise: (A,) standard deviations of the face at neutral.
        stuck: Controls that did not follow by their own measurement.
    """
    spread = 0.0 if expected is None else expected.spread
    weight = np.broadcast_to(1.0 / np.sqrt(noise ** 2 + spread ** 2 + FLOOR ** 2),
                             (len(spec.names), len(noise)))
    sides = list(expected.sides) if expected and expected.sides else [None] * len(spec.names)
    parts = ([curve and _own_part(curve, side) for curve, side in zip(measured, sides)],
             expected.curves if expected else [None] * len(spec.names))
    fits, curves, due, noises = [], [], [], []
    for index in range(len(spec.names)):
        # All answers in standard deviations of this control's.
        own, every = (_weighted(parts[0][index], weight[index]),
                      [_weighted(curve, weight[index]) for curve in parts[1]])
        curves.append(own)
        due.append(every)
        noises.append(float(np.linalg.norm(noise * weight[index])) * (
            1.0 if own is None else float(np.sqrt(1.0 / own.looks + NEUTRAL))))
        fits.append(_explain(index, own, every, _mirror(spec, index)))
    factors = _group_factors(spec, fits)
    return [_finding(index, curves[index], due[index], fits[index], factors[index], noises[index],
                     spec.names[index] in stuck)
            for index in range(len(spec.names))]


def _own_part(curve: Curve, side: Curve | None) -> Curve:
    """A curve without what other controls add to it."""
    answers = curve.answers if side is None else curve.answers - side.at(curve.levels)
    return dataclasses.replace(curve, answers=answers)


def _weighted(curve: Curve | None, weight: Array) -> Curve | None:
    """The curve in standard deviations of what differs between faces that are alike."""
    return curve and dataclasses.replace(curve, answers=curve.answers * weight)


def _mirror(spec: RobotSpec, index: int) -> int:
    """The control on the other side of the face, -1 for none."""
    for left, right in mirror_pairs(spec):
        if index in (left, right):
            return int(right if index == left else left)
    return -1


def _explain(index: int, curve: Curve | None, expected: Sequence[Curve | None],
             mirror: int) -> _Fit | None:
    """The answer explained by that of the control itself or of its mirror image."""
    own = expected[index]
    if curve is None or own is None:
        return None
    best = _fit(index, curve, own)
    other = expected[mirror] if mirror >= 0 else None
    if other is not None and _strength(curve) > 0:
        swapped = _fit(mirror, curve, other)
        if swapped.mismatch < BETTER * best.mismatch:
            return swapped
    return best


def _fit(source: int, curve: Curve, expected: Curve) -> _Fit:
    """The gain with which an expected answer explains a measured one best."""
    answers = expected.points[1]
    total = max(float((curve.answers ** 2).sum()), 1e-12)
    size = max(float((answers ** 2).sum()), 1e-12)
    mixed, squared = curve.answers @ answers.T, answers @ answers.T
    shares = expected.shares(np.outer(GAINS, curve.levels).ravel())
    shares = shares.reshape(len(GAINS), *mixed.shape)
    errors = (total - 2 * (mixed * shares).sum(axis=(1, 2))
              + ((shares @ squared) * shares).sum(axis=(1, 2)) + TIE * size * GAINS ** 2)
    at = int(np.argmin(errors))
    return _Fit(source, float(GAINS[at]), max(float(errors[at]), 0.0) / total)


def _strength(curve: Curve | None) -> float:
    """Root mean over the levels of the sum of squares over the outputs."""
    return 0.0 if curve is None else float(np.sqrt((curve.answers ** 2).sum(axis=1).mean()))


def _group_factors(spec: RobotSpec, fits: Sequence[_Fit | None]) -> Array:
    """(C,) by how much faces like this one answer more strongly than expected, by group.

    Another identity or distance changes the answers of a whole region; the median leaves single
    controls with a fault out.
    """
    gains = np.array([np.nan if fit is None else abs(fit.gain) for fit in fits])
    # The controls of a group that answer at all.
    gains[gains < DEAD] = np.nan
    everything = np.nanmedian(gains) if np.isfinite(gains).any() else 1.0
    factors = np.ones(len(spec.names))
    for names in spec.groups.values():
        members = spec.indices(names)
        known = gains[members][np.isfinite(gains[members])]
        # With few members half of which may be weak, all controls have a say.
        share = len(known) / (len(known) + 6.0)
        middle = np.median(known) if len(known) else everything
        factors[members] = share * middle + (1 - share) * everything
    return factors


def _finding(index: int, curve: Curve | None, expected: Sequence[Curve | None],
             fit: _Fit | None, factor: float, noise: float, is_stuck: bool) -> Finding:
    strength, due = _strength(curve), _strength(expected[index])
    plain = Finding(index, (Fault.NONE,), index, float('nan'), strength,
                    due if expected[index] is not None else float('nan'), float('nan'))
    if fit is not None:
        plain = dataclasses.replace(plain, source=fit.source, gain=fit.gain / factor,
                                    mismatch=fit.mismatch)

    def finding(*faults: Fault, partner: int = -1, is_faint: bool = False) -> Finding:
        return dataclasses.replace(plain, faults=faults, partner=partner, is_faint=is_faint)
    if is_stuck:
        return finding(Fault.STUCK)
    if curve is None:
        return finding(Fault.UNSEEN)
    if fit is None:
        return finding(Fault.DEAD if strength < LEAST_ANSWER else Fault.UNKNOWN)
    if due < VISIBLE * noise:
        return finding(Fault.UNSEEN)
    doubt = (DOUBT * noise / due) ** 2
    if strength < DEAD_ANSWER * due and abs(fit.gain) < WEAK / 2:
        if doubt < LITTLE_DOUBT or strength < LEAST_ANSWER:
            return finding(Fault.DEAD)
        plain = dataclasses.replace(plain, gain=strength / due)
        return finding(Fault.WEAK)
    if due < CLEAR * noise:
        if abs(fit.gain) < DEAD or fit.mismatch > FAINT_MISMATCH:
            return finding(Fault.UNSEEN, is_faint=True)
        if fit.mismatch > LARGE_MISMATCH:
            return finding(Fault.NONE, is_faint=True)
        faults = [Fault.SWAPPED] if fit.source != index else []
        faults += [Fault.INVERTED] if fit.gain < 0 else []
        return finding(*(faults or [Fault.NONE]), is_faint=True)
    faults, partner = _deviations(index, curve, expected, fit, factor, doubt)
    if Fault.WEAK in faults and fit.mismatch > LARGE_MISMATCH:
        # The gain is too small, since the answer goes another way; its length is not.
        plain = dataclasses.replace(plain, gain=math.copysign(strength / due, fit.gain))
    is_faint = not faults and (abs(plain.gain) < WEAK * (1.0 + max(doubt, UNSURE))
                               or fit.mismatch > LARGE_MISMATCH)
    return finding(*(faults or [Fault.NONE]), partner=partner, is_faint=is_faint)


def _deviations(index: int, curve: Curve, expected: Sequence[Curve | None], fit: _Fit,
                factor: float, doubt: float) -> tuple[list[Fault], int]:
    """Faults of a control that answers, and the one that it is coupled with (-1: none).

    `doubt` is the share by which a gain may be wrong.
    """
    faults = []
    if fit.source != index:
        faults.append(Fault.SWAPPED)
    if fit.gain < -DEAD:
        faults.append(Fault.INVERTED)
    gain, is_doubtful = abs(fit.gain) / factor, doubt >= LITTLE_DOUBT
    is_alike = fit.mismatch <= LARGE_MISMATCH
    is_short = _strength(curve) < SHORT * _strength(expected[fit.source])
    if gain < WEAK * (1.0 - doubt) and (
            is_short or (gain > DEAD and (is_alike or not is_doubtful))):
        faults.append(Fault.WEAK)
    elif gain > STRONG * (1.0 + doubt):
        faults.append(Fault.STRONG)
    partner = _coupled_with(index, curve, expected, fit)
    if partner >= 0:
        faults.append(Fault.COUPLED)
    elif not (is_alike or is_doubtful or faults):
        faults.append(Fault.OTHER)
    return faults, partner


def _coupled_with(index: int, curve: Curve, expected: Sequence[Curve | None], fit: _Fit) -> int:
    """The control whose expected answer explains most of what is left, -1 if none does."""
    own = expected[fit.source]
    assert own is not None
    rest = Curve(curve.levels, curve.answers - own.at(fit.gain * curve.levels))
    best, partner = COUPLED, -1
    for other, answer in enumerate(expected):
        if answer is None or other in (index, fit.source) or _strength(answer) < CLEAR_ANSWER:
            continue
        explained = _fit(other, rest, answer)
        strength = _strength(rest) * float(np.sqrt(1.0 - min(explained.mismatch, 1.0)))
        share = strength / _strength(answer)
        if (share > best and explained.mismatch < COUPLED_MISMATCH
                and strength > COUPLED_PART * _strength(curve)):
            best, partner = share, other
    return partner
