"""Finds the weights of a family on this machine, and loads them."""
from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

from ros_animate import configuration
from ros_animate.checkpoints import checkpoint
from ros_animate.checkpoints.catalogue import CATALOGUE
from ros_animate.checkpoints.checkpoint import Checkpoint, CheckpointError
from ros_animate.checkpoints.places import VARIABLE, user_folder
from ros_animate.errors import UserError
from ros_animate.networks import FAMILIES, find_family


class WeightsNotFoundError(UserError):
    """There are no weights of a family on this machine; the message says how to install them."""


def locate(family: str, explicit: str | os.PathLike[str] = '') -> pathlib.Path:
    """The path of a family's checkpoint.

    It is searched in this order: `explicit`, ROS_ANIMATE_WEIGHTS, the user's folder, the weights/
    folder of the package.

    Raises:
        WeightsNotFoundError: There is none; the message says how to install it.
    """
    if explicit:
        path = pathlib.Path(explicit).expanduser()
        if not path.exists():
            raise WeightsNotFoundError(f'there are no weights at {path}')
        return path
    variable = os.environ.get(VARIABLE)
    if variable and (found := _in_variable(family, pathlib.Path(variable).expanduser())):
        return found
    for folder in (user_folder(), *_package_folder()):
        for path in _candidates(family, folder):
            return path
    raise WeightsNotFoundError(_advice(family))


def read(family: str, explicit: str | os.PathLike[str] = '') -> Checkpoint:
    """Reads the checkpoint that `locate` finds."""
    return checkpoint.read(locate(family, explicit), family)


def load(family: str, explicit: str | os.PathLike[str], names: Sequence[str],
         optional: Sequence[str] = ()) -> tuple[Any, dict[str, Any]]:
    """(Config, sub-networks with weights) of the checkpoint that `locate` finds."""
    found = read(family, explicit)
    return found.config, dict(found.load(names, optional))


def _in_variable(family: str, path: pathlib.Path) -> pathlib.Path | None:
    """The checkpoint at the variable's path: that path itself, or a member of that folder."""
    if not path.exists():
        raise WeightsNotFoundError(f'{VARIABLE} names {path}, which is not there')
    for candidate in _candidates(family, path) if path.is_dir() else ():
        return candidate
    try:
        return path if checkpoint.read(path).family == family else None
    except CheckpointError:  # several models, or none, are directly in this folder
        return None


def _candidates(family: str, folder: pathlib.Path) -> Iterator[pathlib.Path]:
    if (folder / family).is_dir() and any((folder / family).iterdir()):
        yield folder / family
    yield from sorted(f for f in folder.glob(f'{family}.*') if f.suffix in checkpoint.SUFFIXES)


def _package_folder() -> Iterator[pathlib.Path]:
    try:
        yield configuration.resource('weights')
    except FileNotFoundError:
        return


def _advice(family: str) -> str:
    if family not in FAMILIES:
        find_family(family)
    sources = [f'{p.source}, licence {p.licence}' for p in CATALOGUE if p.family == family]
    return (f'no weights of {family} on this machine: put the files from '
            f'{" or ".join(sources)}, into {user_folder() / family}, or name them with --weights '
            f'(option weights) or {VARIABLE}; `ros_animate weights list` tells more')
