"""Requests to show an expression, as other programs write them."""
from __future__ import annotations

import math
from dataclasses import dataclass

from ros_animate.configuration import ConfigurationError
from ros_animate.errors import shown
from ros_animate.face.expressions import Expression, Expressions
from ros_animate.limits import NAME_LENGTH

FORM = 'NAME [STRENGTH [SECONDS]], e.g. "happy" or "happy 0.7 5"'
_SECONDS = (0.1, 3600.0)


@dataclass(frozen=True)
class ExpressionRequest:
    """An expression that is to be shown.

    Attributes:
        expression: The expression; None to hand back to the imitation.
        strength: 0 to 1.
        duration_s: How long; None for the usual time.
    """

    expression: Expression | None
    strength: float = 1.0
    duration_s: float | None = None


def read_request(text: str, expressions: Expressions) -> ExpressionRequest:
    """The request of a text like "happy 0.7 5"; nothing hands back.

    Raises:
        ConfigurationError: There is no such expression, or a number is wrong.
    """
    words = text[:2 * NAME_LENGTH].split()
    if not words:
        return ExpressionRequest(None)
    if len(words) > 3:
        raise ConfigurationError(f'an expression is {FORM}, got {shown(text)}')
    expression = expressions.named(words[0])
    strength = _number(words[1], 0.0, 1.0) if len(words) > 1 else 1.0
    duration_s = _number(words[2], *_SECONDS) if len(words) > 2 else None
    return ExpressionRequest(expression, strength, duration_s)


def affect_request(name: str, valence: float, arousal: float, confidence: float,
                   expressions: Expressions) -> ExpressionRequest:
    """The request of a name, or of valence and arousal where the name is empty.

    Args:
        name: Name of an expression; empty: what lies near valence and arousal.
        valence: -1 to 1.
        arousal: -1 to 1; both 0 (or NaN) hand back to the imitation.
        confidence: Strength, 0 to 1; 0 means that it is not given.
        expressions: The expressions.

    Raises:
        ConfigurationError: There is no such expression, or a number is wrong.
    """
    strength = _checked(confidence, 'confidence', 0.0, 1.0) or 1.0
    if name:
        return ExpressionRequest(expressions.named(name), strength)
    if math.isnan(valence) or math.isnan(arousal) or valence == arousal == 0.0:
        return ExpressionRequest(None)
    mixed = expressions.mixed(_checked(valence, 'valence', -1.0, 1.0),
                              _checked(arousal, 'arousal', -1.0, 1.0))
    return ExpressionRequest(mixed, strength)


def _number(text: str, low: float, high: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    return _checked(number, f'an expression is {FORM}, but {shown(text)}', low, high)


def _checked(number: float, what: str, low: float, high: float) -> float:
    if not low <= number <= high:
        raise ConfigurationError(f'{what}: {number:g} is not between {low:g} and {high:g}')
    return number
