"""Shared parts of the model cards of policies and animators."""
from __future__ import annotations

import dataclasses
from typing import Any

CARD = 'README.md'


def length_option(steps: int, minutes: float | None) -> str:
    """Option of the command that set the length of the training."""
    return f'--steps {steps}' if minutes is None else f'--minutes {minutes:g}'


def changed_options(options: Any) -> list[str]:
    """'key=value' of the options that differ from their defaults."""
    return [f'{f.name}={getattr(options, f.name)}' for f in dataclasses.fields(options)
            if getattr(options, f.name) != f.default]
