"""The error in the last lines that a program has printed."""
from __future__ import annotations

import re
from collections.abc import Sequence

REFUSAL = 'ros_animate: error: '
MAX_LENGTH = 300
_TRACEBACK = 'Traceback (most recent call last):'
_FRAME = re.compile(r'\s+File "(.+)", line (\d+)')
# Frames there are rarely what a user can put right.
_LIBRARY = re.compile(r'site-packages|dist-packages|/lib/python3|^<')


def last_error(lines: Sequence[str]) -> str:
    """The error in one line: type and message of the exception with its place, or the last line.

    The place is that of the innermost frame outside of installed libraries.

    Args:
        lines: The last lines of standard error.
    """
    lines = [line for line in lines if line.strip()]
    refusals = [line for line in lines if line.startswith(REFUSAL)]
    if refusals:
        return refusals[-1].removeprefix(REFUSAL)
    starts = [k for k, line in enumerate(lines) if line.endswith(_TRACEBACK)]
    if starts:
        text = _exception(lines[starts[-1] + 1:])
    else:
        text = lines[-1].strip() if lines else 'no message'
    return text if len(text) <= MAX_LENGTH else f'{text[:MAX_LENGTH]}…'


def _exception(lines: Sequence[str]) -> str:
    """`Type: message (file:line)` from the lines of a traceback below its heading."""
    frames = [match.groups() for line in lines if (match := _FRAME.match(line))]
    text = next((line for line in lines if not line[0].isspace()), 'unknown error')
    if not frames:
        return text
    own = [frame for frame in frames if not _LIBRARY.search(frame[0])]
    path, line = (own or frames)[-1]
    return f'{text} ({path}:{line})'
