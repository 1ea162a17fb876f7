"""What the model cards of policies and animators share."""
from __future__ import annotations

import dataclasses
from typing import Any

CARD = 'README.md'


def changed(options: Any) -> list[str]:
    """'key=value' of the options that are not as usual."""
    return [f'{f.name}={getattr(options, f.name)}' for f in dataclasses.fields(options)
            if getattr(options, f.name) != f.default]
