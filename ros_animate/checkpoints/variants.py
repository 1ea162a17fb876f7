"""Published configurations of the networks, config/models/<family>_<variant>.yaml."""
from __future__ import annotations

from typing import Any

from ros_animate import configuration
from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.errors import shown
from ros_animate.networks import find_family


def variants(family: str) -> list[str]:
    """Names of the published variants of a family."""
    files = configuration.resource('config', 'models').glob(f'{family}_*.yaml')
    return sorted(f.stem.removeprefix(f'{family}_') for f in files)


def load_config(family: str, variant: str) -> Any:
    """The `Config` of a published variant; raises ConfigurationError."""
    package = find_family(family)
    if variant not in variants(family):
        raise ConfigurationError(f'unknown variant {shown(variant)} of {family}; '
                                 f'{suggest(variant, variants(family))}')
    path = configuration.resource('config', 'models', f'{family}_{variant}.yaml')
    return configuration.build(package.Config, configuration.read_yaml(path), path.name)
