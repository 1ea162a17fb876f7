"""A measure that the user names: 'package.module:Name', a function or a class."""
from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ros_animate.configuration import ConfigurationError, suggest


def choose(name: str, known: Mapping[str, Callable[..., Any]], what: str) -> Callable[..., Any]:
    """One of `known` by its name, or what 'package.module:Name' names; a class is built.

    Raises:
        ConfigurationError: There is no such thing, or it cannot be called.
    """
    if name in known:
        return known[name]
    module, colon, attribute = name.partition(':')
    if not colon:
        raise ConfigurationError(f'{what}: unknown {name!r}; {suggest(name, known)}, or '
                                 'package.module:Name of your own')
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f'{what}: cannot import {name}: {error}') from error
    made = found() if inspect.isclass(found) else found
    if not callable(made):
        raise ConfigurationError(f'{what}: {name} cannot be called')
    return made
