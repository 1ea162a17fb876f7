"""Errors that a user can put right, and the exit statuses of all programs."""
from __future__ import annotations

import enum


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
    INTERRUPTED = 130  # Ctrl-C; as in a shell, 128 + the number of the signal
    BROKEN_PIPE = 141
    TERMINATED = 143
