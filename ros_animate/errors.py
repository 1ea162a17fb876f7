"""Errors that a user can put right, and the exit statuses of all programs."""
from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from ros_animate.limits import LISTED, SHOWN_LENGTH

_LONGEST_INT = 2 ** 256
_DEEPEST = 6
_BRACKETS = {list: ('[', ']'), tuple: ('(', ')'), set: ('{', '}')}


class UserError(Exception):
    """A mistake that the user can put right, or something missing; the message says what and how.

    The command line prints the message in one line; every other exception is a defect of this
    program and keeps its traceback.
    """


class ExitStatus(enum.IntEnum):
    """Exit statuses of the command line and of the node processes."""

    OK = 0
    FAILURE = 1  # a check that failed, or a defect of this program
    USER_ERROR = 2
    HANGUP = 129  # the terminal has gone; as in a shell, 128 + the number of the signal
    INTERRUPTED = 130  # Ctrl-C
    BROKEN_PIPE = 141
    TERMINATED = 143


def shown(value: Any, length: int = SHOWN_LENGTH) -> str:
    """The value as a text for a message: its `repr`, cut before it is made.

    The time and the memory depend on `length` alone, so a value from outside may be of any size
    and depth.
    """
    text = ''
    for piece in _pieces(value, length, _DEEPEST):
        text += piece
        if len(text) > length:
            return f'{text[:length]}…'
    return text


def cut(text: str, length: int = SHOWN_LENGTH) -> str:
    """The text for a message: without line breaks, and at most `length` characters."""
    line = ' '.join(text[:4 * length].split())
    return line if len(line) <= length and len(text) <= 4 * length else f'{line[:length]}…'


def shortened(items: Sequence[str], most: int = LISTED, separator: str = '; ') -> str:
    """The items for a message: the first `most` of them, and the number of the others."""
    more = len(items) - most
    return separator.join([*items[:most], *([f'and {more} more'] if more > 0 else [])])


def _pieces(value: Any, length: int, depth: int) -> Iterator[str]:
    """The `repr` of a value in pieces; what is behind `length` characters may be wrong."""
    if isinstance(value, (str, bytes, bytearray)):
        yield repr(value[:length + 1])
    elif isinstance(value, int) and not -_LONGEST_INT < value < _LONGEST_INT:
        yield f'a number of {value.bit_length() * 30103 // 100000 + 1} digits'
    elif isinstance(value, (Mapping, list, tuple, Set)):
        if not value:
            yield _safe_repr(value)
        elif depth == 0:
            yield '…'
        else:
            yield from _container(value, length, depth - 1)
    else:
        yield _safe_repr(value)


def _container(value: Any, length: int, depth: int) -> Iterator[str]:
    kind = next((k for k in _BRACKETS if isinstance(value, k)), set)
    opening, closing = _BRACKETS[kind]
    yield opening
    # An item takes at least three characters with its comma.
    for number, item in enumerate(itertools.islice(value, length)):
        if number:
            yield ', '
        yield from _pieces(item, length, depth)
        if isinstance(value, Mapping):
            yield ': '
            yield from _pieces(value[item], length, depth)
    if kind is tuple and len(value) == 1:
        yield ','
    yield closing


def _safe_repr(value: Any) -> str:
    try:
        return repr(value)
    except Exception:  # an object of any kind, while another error is being reported
        return f'a {type(value).__name__}'
