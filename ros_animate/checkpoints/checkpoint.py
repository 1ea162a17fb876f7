"""Checkpoints as their authors published them: recognised by content, loaded strictly, converted.

A checkpoint is a file or a folder of files. What it holds is told by the names and shapes of its
tensors alone, compared with those of the networks in every published configuration; file names do
not count. Nothing in a file is executed (see `pickles`).
"""
from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from ros_animate import configuration
from ros_animate.checkpoints import tensor_files, variants
from ros_animate.errors import UserError
from ros_animate.networks import FAMILIES, build_networks, find_family

State = Mapping[str, Tensor]
Layout = Mapping[str, Mapping[str, tuple[int, ...]]]  # network: name: shape

WEIGHTS, CONFIG = 'weights.safetensors', 'config.yaml'
SUFFIXES = ('.safetensors', '.pth', '.pt', '.tar', '.ckpt', '.bin')
# What files call a sub-network, where that is not its own name.
_ALIASES = {'retarget_shoulder': 'stitching_retargeting_module.stitching',
            'retarget_mouth': 'stitching_retargeting_module.lip',
            'retarget_eye': 'stitching_retargeting_module.eye'}
_LEAST_LIKENESS, _SURE, _CERTAIN = 0.3, 0.8, 0.999


class CheckpointError(UserError):
    """A checkpoint cannot be used; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    Attributes:
        path: The file or folder.
        family: One of FAMILIES.
        variant: Name of the published configuration that fits.
        config: The family's Config.
        networks: State dicts by sub-network.
        extras: What else is in it (optimizers, counters), not used.
        foreign: How many state dicts are of unknown networks, or of one that is there already.
        twice: Sub-networks that are there more than once.
    """

    path: pathlib.Path
    family: str
    variant: str
    config: Any
    networks: Mapping[str, State]
    extras: tuple[str, ...]
    foreign: int = 0
    twice: tuple[str, ...] = ()

    def problems(self, names: Iterable[str] | None = None) -> list[str]:
        """Every missing, unexpected or misshapen tensor of the sub-networks `names` (all held)."""
        wanted = _layout(self.family, self.config)
        found = []
        for name in self.networks if names is None else names:
            if name not in self.networks:
                found.append(f'{name} is missing as a whole')
            else:
                found += _differences(name, wanted[name], self.networks[name])
        return found

    def load(self, names: Sequence[str], optional: Sequence[str] = ()) -> dict[str, nn.Module]:
        """The sub-networks, with the weights, in evaluation mode, on the CPU.

        Args:
            names: Must be in the checkpoint.
            optional: Are left out if they are not.

        Raises:
            CheckpointError: Lists every missing, unexpected and misshapen tensor.
        """
        names = [*names, *(name for name in optional if name in self.networks)]
        self._refuse(self.problems(names))
        built = build_networks(self.family, self.config)
        for name in names:
            built[name].load_state_dict(dict(self.networks[name]))
        return {name: built[name].eval().requires_grad_(False) for name in names}

    def save(self, folder: str | os.PathLike[str]) -> pathlib.Path:
        """Writes `folder`/weights.safetensors and `folder`/config.yaml; returns the folder."""
        from safetensors.torch import save_file
        self._refuse(self.problems())
        folder = pathlib.Path(folder)
        tensors = {f'{network}.{name}': value.clone(memory_format=torch.contiguous_format)
                   for network, state in self.networks.items() for name, value in state.items()}
        settings = {'family': self.family, 'variant': self.variant, 'made_from': self.path.name,
                    'config': dataclasses.asdict(self.config)}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save_file(tensors, folder / WEIGHTS, {'family': self.family})
            (folder / CONFIG).write_text(yaml.safe_dump(settings, sort_keys=False), 'utf-8')
        except OSError as error:
            raise CheckpointError(f'cannot write {folder}: {error.strerror}') from error
        return folder

    def _refuse(self, problems: Sequence[str]) -> None:
        if problems:
            raise CheckpointError(f'{self.path} does not fit {self.family} ({self.variant}): '
                                  f'{"; ".join(problems)}')


def read(path: str | os.PathLike[str], family: str | None = None) -> Checkpoint:
    """Recognises what the file or folder `path` holds.

    Args:
        path: A file of torch or safetensors, or a folder of them (LivePortrait's, a converted one).
        family: What it must be; None for any.

    Raises:
        CheckpointError: Not a checkpoint of (this) one family.
        pickles.UnreadableFileError: Truncated, foreign or malformed file.
    """
    path = pathlib.Path(path).expanduser()
    files = _files(path)
    states, extras = _collect(files)
    own = _own_config(files[0].parent / CONFIG)
    if own is not None:
        found = _split(path, *own, states, extras)
    else:
        found = _recognise(path, states, extras, family)
    if family is not None and found.family != family:
        raise CheckpointError(f'{path} holds weights of {found.family}, not of {family}')
    if found.twice:
        raise CheckpointError(f'{path} holds {", ".join(found.twice)}: name the folder of one '
                              'model')
    return found


def damage(checkpoint: Checkpoint) -> list[str]:
    """What is wrong with the numbers in a checkpoint: corrupted bytes, NaN, infinity."""
    found = []
    for file in _files(checkpoint.path):
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                broken = archive.testzip()
            if broken is not None:
                found.append(f'{file}: the bytes of {broken} have changed since it was written')
    found += [f'{network}.{name} holds NaN or infinity'
              for network, state in checkpoint.networks.items() for name, value in state.items()
              if value.is_floating_point() and not torch.isfinite(value).all()]
    return found


def _files(path: pathlib.Path) -> list[pathlib.Path]:
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


def _own_config(path: pathlib.Path) -> tuple[str, str, Any] | None:
    """(family, variant, Config) in the config.yaml beside converted weights."""
    if not path.is_file():
        return None
    content = configuration.read_yaml(path)
    if 'family' not in content or 'config' not in content:
        return None
    package = find_family(str(content['family']))
    config = configuration.build(package.Config, content['config'], str(path))
    return content['family'], str(content.get('variant', 'own')), config


def _collect(files: Sequence[pathlib.Path]) -> tuple[dict[str, State], tuple[str, ...]]:
    """State dicts by a label (the file's own key, or its stem), and the names of the rest."""
    states: dict[str, State] = {}
    extras: list[str] = []
    for file in files:
        for label, content in _parts(tensor_files.read(file)).items():
            if _is_state(content):
                states[f'{file.stem}:{label}'] = _plain(content)
            else:
                extras.append(label)
    return states, tuple(extras)


def _parts(content: Any) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        return {}
    return {'': content} if _is_state(content) else {str(k): v for k, v in content.items()}


def _is_state(content: Any) -> bool:
    return (isinstance(content, Mapping) and bool(content)
            and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items()))


def _plain(state: State) -> State:
    """Names and layout as in current torch, without the prefix of data-parallel wrappers."""
    if all(name.startswith('module.') for name in state):
        state = {name.removeprefix('module.'): value for name, value in state.items()}
    norms = [name.removesuffix('_orig') for name in state if name.endswith('.weight_orig')]
    for name in norms:
        if name in state and f'{name}_v' not in state:
            vector = _right_vector(state[f'{name}_orig'], state[name], state[f'{name}_u'])
            state = {**{n: v for n, v in state.items() if n != name}, f'{name}_v': vector}
    return state


def _right_vector(original: Tensor, divided: Tensor, u: Tensor) -> Tensor:
    """The v of a spectral norm as torch < 1.1 stored it: with the divided weight in its place.

    v is such that W v is along u, and u^T W v is what the weight was divided by.
    """
    matrix = original.reshape(len(original), -1)
    v = torch.linalg.pinv(matrix.T @ matrix) @ (matrix.T @ u)
    sigma = (original * divided).sum() / (divided * divided).sum()
    return v * sigma / torch.dot(u, matrix @ v)


def _recognise(path: pathlib.Path, states: Mapping[str, State], extras: tuple[str, ...],
               expected: str | None) -> Checkpoint:
    """The family and variant whose names and shapes are most like those in the file.

    Other families than the expected one are looked at only if that is in doubt.
    """
    best, likeness = None, _LEAST_LIKENESS
    for family in sorted(FAMILIES, key=lambda name: name != expected):
        if likeness > (_SURE if expected else _CERTAIN):
            break
        for variant, config in _configs(family):
            candidate = _split(path, family, variant, config, states, extras)
            value = _likeness(candidate)
            if value > likeness:
                best, likeness = candidate, value
    if best is None:
        what = 'tensors of an unknown network' if states else 'no named tensors'
        raise CheckpointError(f'{path} holds {what}; known are those of '
                              f'{", ".join(FAMILIES)}')
    return best


def _split(path: pathlib.Path, family: str, variant: str, config: Any,
           states: Mapping[str, State], extras: tuple[str, ...]) -> Checkpoint:
    """Assigns every state dict to a sub-network of the family."""
    layout = _layout(family, config)
    networks: dict[str, State] = {}
    origin: dict[str, str] = {}
    others: list[str] = []
    twice: list[str] = []
    for source, state in states.items():
        stem, _, label = source.rpartition(':')
        for network, part in _networks_in(label, state, layout).items():
            if network not in layout:
                others.append(network)
            elif network in networks:
                twice.append(f'{network} twice ({origin[network]} and {stem})')
            else:
                networks[network], origin[network] = part, stem
    return Checkpoint(path, family, variant, config, networks, (*extras, *others),
                      len(others) + len(twice), tuple(twice))


def _networks_in(label: str, state: State, layout: Layout) -> dict[str, State]:
    label = _ALIASES.get(label, label)
    if label in layout:
        return {label: state}
    prefixed = {name: next((n for n in layout if name.startswith(f'{n}.')), None)
                for name in state}
    if all(prefixed.values()):  # ours: `network.name`
        networks: dict[str, dict[str, Tensor]] = {}
        for name, network in prefixed.items():
            networks.setdefault(str(network), {})[name.removeprefix(f'{network}.')] = state[name]
        return dict(networks)
    likeness, network = max((_alike(state, layout[n]), n) for n in layout)
    return {network if likeness > _LEAST_LIKENESS else label or 'other tensors': state}


def _alike(state: State, wanted: Mapping[str, tuple[int, ...]]) -> float:
    """Share of the tensors that are in both, by name and shape."""
    both = sum(wanted.get(name) == tuple(value.shape) for name, value in state.items())
    return both / len(state.keys() | wanted.keys())


def _likeness(checkpoint: Checkpoint) -> float:
    if not checkpoint.networks:
        return 0.0
    layout = _layout(checkpoint.family, checkpoint.config)
    return (sum(_alike(state, layout[name]) for name, state in checkpoint.networks.items())
            / (len(checkpoint.networks) + checkpoint.foreign))


def _differences(network: str, wanted: Mapping[str, tuple[int, ...]], state: State) -> list[str]:
    missing = [f'{network}.{name} is missing' for name in wanted if name not in state]
    unexpected = [f'{network}.{name} is unexpected' for name in state if name not in wanted]
    misshapen = [f'{network}.{name} is {_size(state[name].shape)} instead of {_size(shape)}'
                 for name, shape in wanted.items()
                 if name in state and tuple(state[name].shape) != shape]
    return missing + unexpected + misshapen


def _size(shape: Sequence[int]) -> str:
    return 'x'.join(map(str, shape)) or 'a number'


@functools.cache
def _configs(family: str) -> tuple[tuple[str, Any], ...]:
    """(variant, Config) of every published configuration, that of the defaults first."""
    default = find_family(family).Config()
    known = [(name, variants.load_config(family, name)) for name in variants.variants(family)]
    known.sort(key=lambda item: item[1] != default)
    return tuple(known) or (('default', default),)


@functools.cache
def _layout(family: str, config: Any) -> Layout:
    with torch.device('meta'):
        built = build_networks(family, config)
    return {network: {name: tuple(value.shape) for name, value in module.state_dict().items()}
            for network, module in built.items()}
