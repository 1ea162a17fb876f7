"""The networks of the animators and policies: tensors in, tensors out.

`build_networks(family)` gives a family's sub-networks by the names of its published checkpoints,
with the same state-dict names and shapes. Each family is a package with a frozen `Config`, a
`build` and a docstring that says what its sub-networks take and give; it is imported only when
asked for.

| module | holds |
|---|---|
| layers | blocks, hourglasses, discriminator, shared by all |
| actions | what policies share: controls, ranges, normalisation |
| sampling | grids, heat maps, warps |
"""
from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from torch import nn

from ros_animate import configuration

FAMILIES = ('monkey_net', 'fomm', 'face_vid2vid', 'live_portrait', 'x2cnet', 'bc_z',
            'motion_mlp')


def build_networks(family: str, config: Any = None) -> dict[str, nn.Module]:
    """The sub-networks of a family, freshly initialised, by their published names.

    Args:
        family: One of FAMILIES.
        config: The family's `Config`, a mapping of its fields, or None for the defaults.
    """
    package = find_family(family)
    if config is None or isinstance(config, Mapping):
        config = configuration.build(package.Config, config, f'model ({family})')
    return package.build(config)


def find_family(family: str) -> ModuleType:
    """The package of a family; raises ConfigurationError with the choices if there is none."""
    if family not in FAMILIES:
        raise configuration.ConfigurationError(
            f'unknown model family {family!r}; {configuration.suggest(family, FAMILIES)}')
    return importlib.import_module(f'ros_animate.networks.{family}')
