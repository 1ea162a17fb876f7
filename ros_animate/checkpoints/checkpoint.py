"""Checkpoints as their authors published them: recognised by content, loaded strictly, converted.

A checkpoint is a file or a folder of files. Its family and variant are recognised by the names and
shapes of its tensors (see `recognition`). Nothing in a file is executed (see `pickles`).
"""
from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import yaml
from torch import nn

from ros_animate import configuration
from ros_animate.checkpoints import state_dicts
from ros_animate.checkpoints.layout import State, differences, network_layout
from ros_animate.checkpoints.recognition import Assignment, assign, recognise
from ros_animate.errors import UserError, shortened
from ros_animate.files import WriteError, atomic_path, write_atomically
from ros_animate.networks import FAMILIES, build_networks, find_family

WEIGHTS, CONFIG = 'weights.safetensors', 'config.yaml'
SUFFIXES = ('.safetensors', '.pth', '.pt', '.tar', '.ckpt', '.bin')


class CheckpointError(UserError):
    """A checkpoint cannot be used; the message names the file and the reason."""


@dataclass(frozen=True)
class Checkpoint:
    """The contents of a checkpoint.

    Attributes:
        path: The file or folder.
        family: One of FAMILIES.
        variant: Name of the published configuration that fits.
        config: The family's Config.
        networks: State dicts by sub-network.
        extras: Keys of everything else in it (optimizers, counters), not used.
        nested: Those of them that hold state dicts deeper inside.
    """

    path: pathlib.Path
    family: str
    variant: str
    config: Any
    networks: Mapping[str, State]
    extras: tuple[str, ...]
    nested: tuple[str, ...] = ()

    def problems(self, names: Iterable[str] | None = None) -> list[str]:
        """Every missing, unexpected or misshapen tensor of the sub-networks `names` (None: all)."""
        layout = network_layout(self.family, self.config)
        found = [] if self.networks else ['it holds no network']
        for name in self.networks if names is None else names:
            if name not in self.networks:
                found.append(f'{name} is missing as a whole')
            else:
                found += differences(name, layout[name], self.networks[name])
        return found

    def load(self, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, nn.Module]:
        """The sub-networks with their weights, in evaluation mode, on the CPU.

        Args:
            names: Sub-networks that the checkpoint must have.
            optional: Sub-networks that are left out if the checkpoint lacks them.

        Raises:
            CheckpointError: Names the missing, unexpected, misshapen and non-finite tensors.
        """
        names = [*names, *(name for name in optional if name in self.networks)]
        self._require_fit(self.problems(names))
        if broken := non_finite({name: self.networks[name] for name in names}):
            raise CheckpointError(f'{self.path} is damaged, or its training has diverged: '
                                  f'{shortened(broken)}')
        built = build_networks(self.family, self.config)
        for name in names:
            built[name].load_state_dict(dict(self.networks[name]))
        return {name: built[name].eval().requires_grad_(False) for name in names}

    def save(self, folder: str | os.PathLike[str]) -> pathlib.Path:
        """Writes `folder`/weights.safetensors and `folder`/config.yaml; returns the folder.

        Raises:
            CheckpointError: The weights do not fit the configuration, or cannot be written.
        """
        self._require_fit(self.problems())
        folder = pathlib.Path(folder)
        tensors = {f'{network}.{name}': value.clone(memory_format=torch.contiguous_format)
                   for network, state in self.networks.items() for name, value in state.items()}
        settings = {'family': self.family, 'variant': self.variant, 'made_from': self.path.name,
                    'config': dataclasses.asdict(self.config)}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(folder / WEIGHTS) as temporary:
                _save_tensors(tensors, temporary, self.family)
            write_atomically(folder / CONFIG, yaml.safe_dump(settings, sort_keys=False))
        except WriteError:
            raise
        except OSError as error:
            raise CheckpointError(f'cannot write {folder}: {error.strerror}') from error
        return folder

    def _require_fit(self, problems: Sequence[str]) -> None:
        if problems:
            raise CheckpointError(f'{self.path} does not fit {self.family} ({self.variant}): '
                                  f'{shortened(problems)}')


def _save_tensors(tensors: State, path: pathlib.Path, family: str) -> None:
    """Writes a file of safetensors; raises OSError."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file(dict(tensors), path, {'family': family})
        path.chmod(mode)  # safetensors makes files that nobody else can read
    except SafetensorError as error:
        number = re.search(r'os error (\d+)', str(error))
        raise (OSError(int(number[1]), os.strerror(int(number[1]))) if number else
               OSError(str(error))) from error


def read(path: str | os.PathLike[str], family: str | None = None) -> Checkpoint:
    """Reads and recognises a checkpoint.

    Args:
        path: A file of torch or safetensors, or a folder of them (LivePortrait's, a converted one).
        family: The family that it must belong to; None for any.

    Raises:
        CheckpointError: It is not a checkpoint of this family, or of any single one.
        UnreadableFileError: A file is truncated, foreign or malformed.
    """
    path = pathlib.Path(path).expanduser()
    files = _files(path)
    content = state_dicts.collect(files)
    found = _assignment(path, content, files[0].parent / CONFIG, family)
    if family is not None and found.family != family:
        raise CheckpointError(f'{path} holds weights of {found.family}, not of {family}')
    if found.duplicates:
        raise CheckpointError(f'{path} holds {shortened(found.duplicates)}: name the folder of one '
                              'model')
    extras, nested = (*content.extras, *found.unknown), content.nested
    if not found.networks:
        inside = f'; save what is in {shortened(nested)} as a file of its own' if nested else ''
        raise CheckpointError(f'{path} holds no network of {found.family}, but '
                              f'{shortened(extras) or "nothing"}{inside}')
    return Checkpoint(path, found.family, found.variant, found.config, found.networks, extras,
                      nested)


def damage(checkpoint: Checkpoint) -> list[str]:
    """Damage to a checkpoint: changed bytes, weights that are not read, NaN, infinity."""
    found = []
    for file in _files(checkpoint.path):
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                broken = archive.testzip()
            if broken is not None:
                found.append(f'{file}: the bytes of {broken} have changed since it was written')
    if checkpoint.nested:
        found.append(f'{shortened(checkpoint.nested)}: weights that are not read; save them as a '
                     'file of their own if they are meant')
    return found + non_finite(checkpoint.networks)


def non_finite(networks: Mapping[str, State]) -> list[str]:
    """One message for each tensor that holds NaN or infinity."""
    return [f'{network}.{name} holds NaN or infinity'
            for network, state in networks.items() for name, value in state.items()
            if value.is_floating_point() and not torch.isfinite(value).all()]


def _files(path: pathlib.Path) -> list[pathlib.Path]:
    """The files of tensors of a checkpoint; raises CheckpointError if a folder has none."""
    if not path.is_dir():
        return [path]
    if (path / WEIGHTS).is_file():
        return [path / WEIGHTS]
    files = sorted(f for pattern in ('*', '*/*', '*/*/*') for f in path.glob(pattern)
                   if f.suffix in SUFFIXES and f.is_file())
    if not files:
        raise CheckpointError(f'{path} holds no weights (files that end in '
                              f'{", ".join(SUFFIXES)})')
    return files


def _assignment(path: pathlib.Path, content: state_dicts.Content, config_path: pathlib.Path,
                family: str | None) -> Assignment:
    """By the config.yaml beside converted weights, else by recognition."""
    own = _own_config(config_path)
    states = content.states
    found = recognise(states, family) if own is None else assign(states, *own)
    if found is None:
        contents = ('tensors of an unknown network' if states else
                    f'weights inside of {shortened(content.nested)}; save these as a file of '
                    'their own' if content.nested else 'no named tensors')
        raise CheckpointError(f'{path} holds {contents}; known are those of '
                              f'{", ".join(FAMILIES)}')
    return found


def _own_config(path: pathlib.Path) -> tuple[str, str, Any] | None:
    """(family, variant, Config) of the config.yaml beside converted weights."""
    if not path.is_file():
        return None
    content = configuration.read_yaml(path)
    if 'family' not in content or 'config' not in content:
        return None
    package = find_family(str(content['family']))
    config = configuration.build(package.Config, content['config'], str(path))
    return content['family'], str(content.get('variant', 'own')), config
