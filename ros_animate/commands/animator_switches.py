"""Switches of `ros_animate animate`, as options of the animator that is selected."""
from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping
from typing import Any

from ros_animate.errors import UserError

# Each switch by its option and value; an option that is no truth value has one text for both.
SWITCHES: Mapping[str, Mapping[Any, str]] = {
    'relative': {True: '--relative', False: '--absolute'},
    'region': {}, 'multiplier': {},
    'crop': {True: '--crop', False: '--no-crop'},
    'paste_back': {True: '--paste-back'}, 'weights': {}}


def switch_options(args: argparse.Namespace) -> dict[str, Any]:
    """The animator's options for the switches that were given.

    A switch counts as 0 or 1 for an animator whose option is a number.

    Raises:
        UserError: A switch that this animator does not take; the message names those that do.
    """
    fields = _fields(args.animator)
    options = {}
    for name in SWITCHES:
        value = getattr(args, name)
        if value is None:
            continue
        if name not in fields:
            raise UserError(_refusal(name, value, args.animator))
        is_number = isinstance(value, bool) and not isinstance(fields[name].default, bool)
        options[name] = float(value) if is_number else value
    return options


def _refusal(name: str, value: Any, animator: str) -> str:
    """Explanation that an animator does not take a switch."""
    from ros_animate.plugins import available
    switch = SWITCHES[name].get(value, f'--{name}') if isinstance(value, bool) else f'--{name}'
    takers = [other for other in available('animation') if name in _fields(other)]
    return (f'{switch} is for {", ".join(takers)}, not for {animator}, which has options of its '
            f'own: `ros_animate plugins show animation {animator}`')


def _fields(animator: str) -> dict[str, dataclasses.Field]:
    """Options of an animator by name."""
    from ros_animate.plugins import find
    config: Any = find('animation', animator)
    return {field.name: field for field in dataclasses.fields(config.Config)}
