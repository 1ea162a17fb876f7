"""Coupled limits as a convex set of poses: half-spaces, membership, and a projection into it.

A limit of one control that is a convex (lower) or concave (upper) piecewise linear map of a
weighted sum of others is the intersection of one half-space per piece, and the poses that keep all
limits are a convex polytope. So every convex combination of allowed poses is allowed.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ros_animate.robot.spec import CoupledLimit, RobotSpec
from ros_animate.types import Array

TOLERANCE = 1e-9


@dataclass(frozen=True)
class HalfSpace:
    """One half-space: sign * (pose[limited] - intercept - sum of weight * pose[j]) <= 0.

    Attributes:
        limited: Index of the limited control.
        sign: 1 for an upper limit, -1 for a lower one.
        intercept: Limit where all limiting controls are 0.
        terms: (index, weight) of the limiting controls.
    """

    limited: int
    sign: float
    intercept: float
    terms: tuple[tuple[int, float], ...]

    def row(self, size: int) -> Array:
        """(size,) row of the inequality `row @ pose <= sign * intercept`."""
        row = np.zeros(size)
        row[self.limited] = self.sign
        for j, weight in self.terms:
            row[j] -= self.sign * weight
        return row

    def limit(self, pose: Array) -> float:
        """The limit of the limited control at a pose (N,)."""
        return self.intercept + sum(weight * float(pose[j]) for j, weight in self.terms)


def affine_pieces(limit: CoupledLimit, low: float, high: float) -> list[tuple[float, float]]:
    """(slope, intercept) of the affine pieces of the map for arguments from `low` to `high`."""
    (x0, y0), (xn, yn) = limit.points[0], limit.points[-1]
    result = [(0.0, y0)] if low < x0 - TOLERANCE else []
    for (xa, ya), (xb, yb) in zip(limit.points, limit.points[1:]):
        if min(xb, high) - max(xa, low) > TOLERANCE:
            slope = (yb - ya) / (xb - xa)
            result.append((slope, ya - slope * xa))
    if high > xn + TOLERANCE:
        result.append((0.0, yn))
    return result or [(0.0, float(np.interp(low, *np.array(limit.points).T)))]


def coupling_mistake(spec: RobotSpec, limit: CoupledLimit) -> str:
    """Explanation of a mistake in a limit of the robot, '' if there is none."""
    low, high = _argument_range(limit, spec, spec.low, spec.high)
    slopes = [slope for slope, _ in affine_pieces(limit, low, high)]
    sign = 1 if limit.side == 'lower' else -1
    if any(sign * b < sign * a - TOLERANCE for a, b in zip(slopes, slopes[1:])):
        kind = 'convex' if limit.side == 'lower' else 'concave'
        return (f'the map is not {kind} for arguments from {low:g} to {high:g}: its slopes are '
                f'{", ".join(f"{s:g}" for s in slopes)} (an end point holds beyond the map)')
    if limit.limited in _upstream(spec, limit.limited):
        return 'it depends on itself through other limits'
    return (_pose_mistake(spec, limit, 'neutral') or _pose_mistake(spec, limit, 'park')
            or _conflict(spec, spec.index(limit.limited), spec.low, spec.high))


def _pose_mistake(spec: RobotSpec, limit: CoupledLimit, pose: str) -> str:
    """Explanation if the 'neutral' or the 'park' pose breaks the limit, '' otherwise."""
    values = dict(zip(spec.names, getattr(spec, pose)))
    x = sum(w * values[n] for n, w in limit.limiting)
    bound = float(np.interp(x, *np.array(limit.points).T))
    sign = 1 if limit.side == 'lower' else -1
    if sign * (bound - values[limit.limited]) > TOLERANCE:
        return (f'the {pose} pose breaks it: {values[limit.limited]:g}, '
                f'{limit.side} limit {bound:g}')
    return ''


def _argument_range(limit: CoupledLimit, spec: RobotSpec, low: Array,
                    high: Array) -> tuple[float, float]:
    """Least and greatest weighted sum of the limiting controls within `low` and `high` (N,)."""
    ends = [sorted((w * low[spec.index(n)], w * high[spec.index(n)])) for n, w in limit.limiting]
    return float(sum(a for a, _ in ends)), float(sum(b for _, b in ends))


def _half_spaces(spec: RobotSpec, low: Array, high: Array) -> list[HalfSpace]:
    """Half-spaces of all coupled limits that can bind between `low` and `high` (N,)."""
    result = []
    for limit in spec.coupled:
        sign = 1.0 if limit.side == 'upper' else -1.0
        for slope, intercept in affine_pieces(limit, *_argument_range(limit, spec, low, high)):
            terms = tuple((spec.index(n), slope * w) for n, w in limit.limiting if slope)
            result.append(HalfSpace(spec.index(limit.limited), sign, intercept, terms))
    return result


def _upstream(spec: RobotSpec, name: str) -> set[str]:
    """Controls that `name` depends on, directly or not."""
    found: set[str] = set()
    pending = [name]
    while pending:
        current = pending.pop()
        for limit in spec.coupled:
            if limit.limited == current:
                new = {n for n, _ in limit.limiting} - found
                found |= new
                pending += new
    return found


def _conflict(spec: RobotSpec, i: int, low: Array, high: Array) -> str:
    """Explanation if the limits of control `i` can leave it no value, '' otherwise."""
    half_spaces = [p for p in _half_spaces(spec, low, high) if p.limited == i]
    lower = [p for p in half_spaces if p.sign < 0] + [HalfSpace(i, -1.0, float(low[i]), ())]
    upper = [p for p in half_spaces if p.sign > 0] + [HalfSpace(i, 1.0, float(high[i]), ())]
    for a in lower:
        for b in upper:
            row = a.row(len(low)) + b.row(len(low))  # the limited control cancels out
            gap = a.intercept - b.intercept + np.maximum(row * low, row * high).sum()
            if gap > TOLERANCE:
                return (f'some values of the limiting controls leave {spec.names[i]!r} no value '
                        'of its own')
    return ''


class CoupledSet:
    """The poses of a robot that keep its coupled limits and given ranges.

    Attributes:
        members: (M,) indices of the controls that appear in a coupled limit.
        matrix, bound: (R, N) and (R,) half-spaces `matrix @ pose <= bound`, the ranges of the
            members included.
    """

    def __init__(self, spec: RobotSpec, low: Array, high: Array) -> None:
        """Raises ValueError if `low` and `high` (N,) leave a limited control no value."""
        for limit in spec.coupled:
            mistake = _conflict(spec, spec.index(limit.limited), low, high)
            if mistake:
                raise ValueError(mistake)
        half_spaces = _half_spaces(spec, low, high)
        names = {n for limit in spec.coupled for n in (limit.limited, *dict(limit.limiting))}
        members = self.members = np.array(sorted(spec.index(n) for n in names), dtype=int)
        rows = np.array([p.row(len(low)) for p in half_spaces]).reshape(len(half_spaces), len(low))
        ends = np.eye(len(low))[members]
        self.matrix = np.concatenate([rows, ends, -ends])
        self.bound = np.concatenate([[p.sign * p.intercept for p in half_spaces],
                                     high[members], -low[members]])
        self._excess = np.empty_like(self.bound)
        depth = {p.limited: len(_upstream(spec, spec.names[p.limited])) for p in half_spaces}
        self._order = sorted(half_spaces, key=lambda p: depth[p.limited])

    def project(self, pose: Array) -> None:
        """Moves the limited controls of `pose` (N,), which is within its ranges, to their limits.

        In place. Limiting controls keep their values and come before the controls that they
        limit, as in the robot's own limiter.
        """
        if self._contains(pose):
            return
        for half_space in self._order:
            limit = half_space.limit(pose)
            if half_space.sign * (pose[half_space.limited] - limit) > 0:
                pose[half_space.limited] = limit

    def _contains(self, pose: Array) -> bool:
        """True if matrix @ pose <= bound; in place, since it runs in every tick."""
        excess = self._excess
        if not len(excess):
            return True
        self.matrix.dot(pose, excess)
        np.subtract(excess, self.bound, excess)
        return bool(excess[excess.argmax()] <= TOLERANCE)
