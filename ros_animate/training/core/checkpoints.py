"""Checkpoints of a run. A killed run leaves a complete one or none."""
from __future__ import annotations

import pathlib
from typing import Any

import torch

from ros_animate.errors import UserError
from ros_animate.files import atomic_file

NAME = 'last.ckpt'


def save(folder: pathlib.Path, state: dict[str, Any]) -> None:
    """Replaces the checkpoint in `folder`.

    Raises:
        UserError: The file cannot be written.
    """
    path = folder / NAME
    try:
        with atomic_file(path, 'wb', durable=True) as file:
            torch.save(state, file)
    except (OSError, RuntimeError) as error:
        raise UserError(f'cannot write the checkpoint {path}: {error}') from error


def load(folder: pathlib.Path) -> dict[str, Any] | None:
    """State of the checkpoint in `folder`; None if there is none.

    Raises:
        UserError: The file is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # damaged bytes raise errors of any kind
        raise UserError(f'the checkpoint {path} is damaged: {error}') from error
