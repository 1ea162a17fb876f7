"""State dicts in files of tensors, brought into the format of current torch."""
from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ros_animate.checkpoints import tensor_files
from ros_animate.checkpoints.layout import State

States = Mapping[tuple[str, str], State]  # by (stem of the file, key in the file or '')
_VARIANCE, _COUNTER = 'running_var', 'num_batches_tracked'
_DEEPEST = 5  # levels of dictionaries in which state dicts are looked for


@dataclass(frozen=True)
class Content:
    """The contents of files of tensors.

    Attributes:
        states: The state dicts.
        extras: Keys of everything else.
        nested: Those of them that hold state dicts deeper inside.
    """

    states: States
    extras: tuple[str, ...]
    nested: tuple[str, ...]


def collect(files: Sequence[pathlib.Path]) -> Content:
    """The state dicts in files, and what else is in them."""
    states: dict[tuple[str, str], State] = {}
    extras: list[str] = []
    nested: list[str] = []
    for file in files:
        for key, content in _entries(tensor_files.read(file)).items():
            if _is_state(content):
                states[file.stem, key] = current_format(content)
            else:
                extras.append(key)
                if _holds_weights(content, _DEEPEST):
                    nested.append(key)
    return Content(states, tuple(extras), tuple(nested))


def _holds_weights(content: Any, depth: int) -> bool:
    """True if there is a state dict of a network in it; the state of an optimizer is none."""
    if not isinstance(content, Mapping) or depth == 0:
        return False
    if _is_state(content):
        return any(name.endswith('weight') for name in content)
    return any(_holds_weights(value, depth - 1) for value in content.values())


def _entries(content: Any) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        return {}
    return {'': content} if _is_state(content) else {str(k): v for k, v in content.items()}


def _is_state(content: Any) -> bool:
    return (isinstance(content, Mapping) and bool(content)
            and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items()))


def current_format(state: State) -> State:
    """A state dict with the norms of current torch, without the prefix of data-parallel."""
    if all(name.startswith('module.') for name in state):
        state = {name.removeprefix('module.'): value for name, value in state.items()}
    norms = [name.removesuffix('_orig') for name in state if name.endswith('.weight_orig')]
    for name in norms:
        if name in state and f'{name}_v' not in state:
            vector = _right_vector(state[f'{name}_orig'], state[name], state[f'{name}_u'])
            state = {**{n: v for n, v in state.items() if n != name}, f'{name}_v': vector}
    return _with_counters(state)


def _with_counters(state: State) -> State:
    """A state dict with the counters of batch norms, which torch < 0.4.1 did not have."""
    if any(name.endswith(_COUNTER) for name in state):
        return state
    stems = [name.removesuffix(_VARIANCE) for name in state if name.endswith(_VARIANCE)]
    return {**state, **{stem + _COUNTER: torch.tensor(0) for stem in stems}}


def _right_vector(original: Tensor, divided: Tensor, u: Tensor) -> Tensor:
    """The vector v of a spectral norm, which torch < 1.1 did not store.

    It stored the divided weight instead. W v is along u, and u^T W v is the divisor of the weight.
    """
    matrix = original.reshape(len(original), -1)
    v = torch.linalg.pinv(matrix.T @ matrix) @ (matrix.T @ u)
    sigma = (original * divided).sum() / (divided * divided).sum()
    return v * sigma / torch.dot(u, matrix @ v)
