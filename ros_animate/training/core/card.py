"""Shared parts of the model cards of policies and animators."""
from __future__ import annotations

import dataclasses
from typing import Any

CARD = 'README.md'


def changed_options(options: Any) -> list[str]:
    """'key=value' of the options that differ from their defaults."""
    return [f'{f.name}={getattr(options, f.name)}' for f in dataclasses.fields(options)
            if getattr(options, f.name) != f.default]
