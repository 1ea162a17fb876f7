"""Layers of the robot's face: an expression above the imitation above idle life."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from ros_animate.configuration import option
from ros_animate.face.expressions import Expression, Expressions, read_expressions
from ros_animate.policy.easing import Ease
from ros_animate.policy.idle_life import IdleLife
from ros_animate.policy.rig_map import RigMap
from ros_animate.robot.spec import RobotSpec
from ros_animate.types import ActionChunk, Array

PERIOD_S = 1 / 30  # between two chunks that answer no frame
# Without a new chunk of the policy for this long nobody is imitated.
_SILENT_S = 0.3
# An expression leaves these to the imitation, unless it moves them itself.
_FREE_GROUPS = ('gaze', 'head')
_LEAST_DRIVE = 1e-3


@dataclass(frozen=True)
class LayerOptions:
    """Options of expressions and idle life."""

    expressions: str = option('', 'YAML file of named expressions; empty: those that come with '
                                  'the package')
    expression_s: float = option(3.0, 'how long an expression is shown', low=0.1, high=3600.0)
    blend_s: float = option(0.5, 'time in which an expression comes and goes', low=0.0, high=10.0)
    idle: bool = option(False, 'while nobody is in sight the robot blinks, looks about and '
                               'breathes')
    idle_after_s: float = option(2.0, 'how long nobody is in sight before that', low=0.0,
                                 high=3600.0)
    idle_seed: int = option(0, 'seed of the movements of idle life', low=0)


class FaceLayers:
    """Blends the layers in the robot's units, smoothly in time.

    The policy's chunks go through `imitate`. While there are none, `fill` gives chunks, as long as
    an expression or idle life is to be seen.

    Args:
        spec: Description of the robot.
        options: Options.

    Raises:
        ConfigurationError: The expressions cannot be read; the robot has no rig for idle life.
    """

    def __init__(self, spec: RobotSpec, options: LayerOptions) -> None:
        self._spec, self._options = spec, options
        self.expressions: Expressions = read_expressions(options.expressions)
        self._rig: RigMap | None = RigMap(spec) if options.idle else None
        self._idle = IdleLife(options.idle_seed)
        self._shown: Array = spec.neutral.copy()
        self._mask: Array = np.zeros(len(spec.names))
        self._before: tuple[Array, Array] = (self._shown, self._mask)
        self._weight, self._change = Ease(options.blend_s), Ease(options.blend_s)
        self._rest_share = Ease(options.blend_s)
        self._end_s = -np.inf
        self._imitated_s = -np.inf
        self._nobody_s: float | None = None
        self._seen_tracker_s = -np.inf
        self._filled_s = -np.inf
        self._last = spec.neutral.copy()
        self._start_s: float | None = None

    def configure(self, options: LayerOptions) -> None:
        """Uses other options from now on; the expressions stay. Raises ConfigurationError."""
        if options.idle and self._rig is None:
            self._rig = RigMap(self._spec)
        self._options = options

    @property
    def wants_filling(self) -> bool:
        """True if `fill` may have something to give without a call of `express`."""
        return self._options.idle

    def express(self, expression: Expression, strength: float, now_s: float,
                duration_s: float | None = None) -> None:
        """Shows an expression from now on for a while.

        Args:
            expression: The expression.
            strength: 0 to 1.
            now_s: Time.
            duration_s: How long; None for the option `expression_s`.

        Raises:
            ConfigurationError: The robot has no rig.
        """
        if self._rig is None:
            self._rig = RigMap(self._spec)
        features = {name: strength * value for name, value in expression.shapes.items()}
        drives = np.abs(self._rig.drives(features)) > _LEAST_DRIVE
        free = np.array([control.group in _FREE_GROUPS for control in self._spec.controls])
        self._end_s = now_s + (self._options.expression_s if duration_s is None else duration_s)
        self._turn_to(self._rig.position(features), np.where(free & ~drives, 0.0, 1.0), now_s)

    def _turn_to(self, shown: Array, mask: Array, now_s: float) -> None:
        """Goes to control values (N,), as far as the mask (N,) says."""
        if self._weight.target == 1.0 and np.array_equal(shown, self._shown):
            return  # the same once more: it lasts longer
        # From one expression to the next the face goes straight.
        is_seen = self._weight.value(now_s) > 0
        self._before = self._present(now_s) if is_seen else (shown, mask)
        self._shown, self._mask = shown, mask
        self._change = Ease(self._options.blend_s)
        self._change.go(1.0, now_s)
        self._weight.go(1.0, now_s)

    def release(self, now_s: float) -> None:
        """Hands back to the imitation."""
        self._end_s = min(self._end_s, now_s)

    def is_expressing(self, now_s: float) -> bool:
        """True while an expression is seen, also while it comes or goes."""
        self._let_go(now_s)
        return self._weight.target > 0 or self._weight.value(now_s) > 0

    def note_tracker(self, has_face: bool, now_s: float) -> None:
        """Takes what the tracker says: without it there is no idle life."""
        self._seen_tracker_s = now_s
        if has_face:
            self._nobody_s = None
        elif self._nobody_s is None:
            self._nobody_s = now_s

    def imitate(self, chunk: ActionChunk, now_s: float) -> ActionChunk:
        """The policy's chunk with what lies above it, and what was shown while there was none."""
        self._imitated_s, self._last = now_s, chunk.values[0]
        if now_s - self._filled_s > _SILENT_S:
            self._rest_share = Ease(self._options.blend_s)
        self._rest_share.go(0.0, now_s)
        share = self._rest_share.value(now_s)
        if share == 0.0 and not self.is_expressing(now_s):
            return chunk
        values = chunk.values + share * (self._rest(now_s) - chunk.values)
        return dataclasses.replace(chunk, values=self._with_expression(values, now_s))

    def fill(self, now_s: float) -> ActionChunk | None:
        """A chunk in the place of the policy's, None if it is not needed."""
        if now_s - self._imitated_s < _SILENT_S:
            return None
        is_idle = self._is_idle(now_s)
        if not is_idle and not self.is_expressing(now_s):
            return None
        self._filled_s = now_s
        waited = now_s - self._imitated_s > self._options.idle_after_s
        self._rest_share.go(1.0 if is_idle or waited else 0.0, now_s)
        share = self._rest_share.value(now_s)
        values = self._last + share * (self._rest(now_s) - self._last)
        return ActionChunk(self._spec.names, self._with_expression(values[None], now_s), PERIOD_S,
                           now_s)

    def _is_idle(self, now_s: float) -> bool:
        """True while the tracker says that nobody has been in sight for a while."""
        return (self._options.idle and self._nobody_s is not None
                and now_s - self._nobody_s >= self._options.idle_after_s
                and now_s - self._seen_tracker_s < max(self._options.idle_after_s, 1.0))

    def _rest(self, now_s: float) -> Array:
        """(N,) the face that nobody drives."""
        if not self._options.idle or self._rig is None:
            return self._spec.neutral
        if self._start_s is None:
            self._start_s = now_s
        return self._rig.position(self._idle.features(max(now_s - self._start_s, 0.0)))

    def _let_go(self, now_s: float) -> None:
        if now_s >= self._end_s:
            self._weight.go(0.0, now_s)

    def _present(self, now_s: float) -> tuple[Array, Array]:
        """Control values of the expression, and which controls it takes; both (N,)."""
        share = self._change.value(now_s)
        (values, mask), shown = self._before, (self._shown, self._mask)
        return values + share * (shown[0] - values), mask + share * (shown[1] - mask)

    def _with_expression(self, values: Array, now_s: float) -> Array:
        """(H, N) waypoints with the expression above them."""
        if not self.is_expressing(now_s):
            return values
        shown, mask = self._present(now_s)
        return values + self._weight.value(now_s) * mask * (shown - values)
