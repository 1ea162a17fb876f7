"""Checkpoints of a run. A killed run leaves a complete one or none."""
from __future__ import annotations

import pathlib
import zipfile
from typing import Any

import torch

from ros_animate.checkpoints.tensor_files import check_stored
from ros_animate.errors import UserError, cut
from ros_animate.files import atomic_file

NAME = 'last.ckpt'


def save(folder: pathlib.Path, state: dict[str, Any]) -> None:
    """Replaces the checkpoint in `folder`.

    Raises:
        WriteError: The file cannot be written.
    """
    with atomic_file(folder / NAME, 'wb', durable=True) as file:
        try:
            torch.save(state, file)
        except RuntimeError as error:  # torch hides why
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise


def load(folder: pathlib.Path) -> dict[str, Any] | None:
    """State of the checkpoint in `folder`; None if there is none.

    Raises:
        UserError: The file is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            check_stored(archive)
        return torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # damaged bytes raise errors of any kind
        raise UserError(f'the checkpoint {path} is damaged: {cut(str(error))}') from error
