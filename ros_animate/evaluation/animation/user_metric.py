"""Metrics of the user, named as 'package.module:Name': a function or a class."""
from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ros_animate.configuration import ConfigurationError, suggest


def find_metric(name: str, known: Mapping[str, Callable[..., Any]],
                option: str) -> Callable[..., Any]:
    """A known metric by its name, or the user's own.

    Args:
        name: A key of `known`, or 'package.module:Name' of a function or a class; a class is built
            without arguments.
        known: Metrics of this package.
        option: Option of the command line, for error messages.

    Raises:
        ConfigurationError: There is no such metric, or it cannot be called.
    """
    if name in known:
        return known[name]
    module, colon, attribute = name.partition(':')
    if not colon:
        raise ConfigurationError(f'{option}: unknown {name!r}; {suggest(name, known)}, or '
                                 'package.module:Name of your own')
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f'{option}: cannot import {name}: {error}') from error
    metric = found() if inspect.isclass(found) else found
    if not callable(metric):
        raise ConfigurationError(f'{option}: {name} cannot be called')
    return metric
