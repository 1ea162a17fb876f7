"""Options of a run: parsed from texts, and kept in the run's folder."""
from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ros_animate.checkpoints.checkpoint import CONFIG, WEIGHTS
from ros_animate.configuration import (
    ConfigurationError,
    build,
    parse_assignment,
    read_yaml,
    suggest,
)
from ros_animate.errors import UserError, shown
from ros_animate.files import write_atomically
from ros_animate.outputs.paths import input_files, output_folder, refuse_overwriting_inputs
from ros_animate.training.core import checkpoints, log

SETTINGS = 'settings.yaml'


def parse_settings(texts: Sequence[str], *parts: type, where: str = '--set') -> tuple[Any, ...]:
    """'key=value' texts as an instance of each of `parts` but the last.

    The last one, the network's configuration, is returned as a mapping: its other values come from
    elsewhere.

    Args:
        texts: The texts.
        parts: Dataclasses that have the keys.
        where: The place of the texts, for messages.

    Raises:
        ConfigurationError: Names the text and what is wrong with it.
    """
    fields = [{f.name for f in dataclasses.fields(part)} for part in parts]
    options = parse_assignments(texts, set().union(*fields), where)
    *built, network = [{k: v for k, v in options.items() if k in names} for names in fields]
    return (*(build(part, values, where) for part, values in zip(parts, built)), network)


def parse_assignments(texts: Sequence[str], known: Iterable[str],
                      where: str = '--set') -> dict[str, Any]:
    """'key=value' texts as a mapping; raises ConfigurationError for unknown keys."""
    known, options = set(known), {}
    for text in texts:
        key, value = parse_assignment(text, f'{where} key=value')
        if key not in known:
            raise ConfigurationError(f'{where}: unknown option {shown(key)}; '
                                     f'{suggest(key, known)}')
        options[key] = value
    return options


def run_folder(path: str, init: str) -> pathlib.Path:
    """The folder of a run, made and checked.

    Args:
        path: The folder.
        init: Checkpoint that the run begins with; '' for none.

    Raises:
        ConfigurationError: It cannot be written, or the run's weights would replace `init`.
    """
    folder = output_folder(path, (SETTINGS, checkpoints.NAME, log.TABLE, log.CURVES))
    refuse_overwriting_inputs([folder / 'weights' / WEIGHTS, folder / 'weights' / CONFIG],
                              input_files(init) if init else ())
    return folder


def claim(folder: pathlib.Path, settings: Mapping[str, Any], resume: bool) -> None:
    """Writes the settings of a run; refuses to overwrite a run or to resume one with others."""
    # As they are when they are read back.
    settings = yaml.safe_load(yaml.safe_dump(dict(settings), sort_keys=False))
    path = folder / SETTINGS
    if not (folder / checkpoints.NAME).exists():
        write_atomically(path, yaml.safe_dump(settings, sort_keys=False))
        return
    if not resume:
        raise UserError(f'{folder} holds a run: go on with it (--resume), or name another folder')
    begun = read_yaml(path)
    for key, value in _flat(settings).items():
        if (before := _flat(begun).get(key)) != value:
            raise UserError(f'{folder} was begun with {key} {shown(before)}, not {shown(value)}')


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat.update(value if isinstance(value, dict) else {key: value})
    return flat
