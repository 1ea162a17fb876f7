"""Recipes: trainings as YAML files, with model, data, options, length and expected result.

A recipe is read here and checked for its keys and their types; `training.recipes` checks what its
model and its options are. Reading needs no torch, so that the command line can list recipes.
"""
from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ros_animate.configuration import (
    ConfigurationError,
    build,
    option,
    read_yaml,
    resource,
    suggest,
)
from ros_animate.errors import shown

FOLDER = ('config', 'recipes')
SUFFIX = '.yaml'
NOT_MEASURED = 'not measured'
_FOLDER_NAME = re.compile(r'[A-Za-z0-9][\w-]{0,63}')


@dataclass(frozen=True)
class Collection:
    """Pairs of a virtual robot that are collected before a training; see `collection`."""

    count: int = option(1000, 'number of pairs', low=1)
    seed: int = option(0, 'seed of the poses and appearances', low=0)
    size: int = option(224, 'width and height of the images in pixels', low=64, high=2048)
    exaggerated: float = option(0.0, "probability of movements beyond the robot's range", low=0.0,
                                high=1.0)


@dataclass(frozen=True)
class Recipe:
    """Keys that every recipe has."""

    train: str = option('', 'what is trained', choices=('animation', 'policy'))
    model: str = option('', 'animator or policy')
    data: tuple[str, ...] = option((), "'synthetic' (animation), or folders; paths are those of "
                                       'the working folder')
    minutes: float = option(0.0, 'time of the whole run, preparations included', low=0.0,
                            high=10080.0)
    options: dict[str, Any] = option({}, 'options of the training, its data and the network, as '
                                         'for --set')
    machine: str = option('', 'machine that the time is for')
    expected: str = option(NOT_MEASURED, 'measured result')

    @property
    def settings(self) -> tuple[str, ...]:
        """The options as the texts of --set, 'key=value'."""
        return tuple(f'{key}={_text(value)}' for key, value in self.options.items())


@dataclass(frozen=True)
class AnimationRecipe(Recipe):
    """Training of the networks of an animator."""

    variant: str = option('small', 'sizes of the networks, config/models/MODEL_VARIANT.yaml')


@dataclass(frozen=True)
class PolicyRecipe(Recipe):
    """Training of a policy."""

    robot: str = option('mock', 'robot that the control values are for')
    collect: dict[str, Collection] = option({}, 'pairs to collect first, by name of their folder')
    weights_of_folders: tuple[float, ...] = option((), 'share of each folder in the batches, '
                                                   'collected ones first')
    batch_size: int = option(64, 'pairs a step, over all processes', low=1)


RECIPES: dict[str, type[Recipe]] = {'animation': AnimationRecipe, 'policy': PolicyRecipe}


def recipe_names() -> list[str]:
    """Names of the recipes that come with the package."""
    return sorted(file.stem for file in resource(*FOLDER).glob(f'*{SUFFIX}'))


def recipe_path(name: str) -> pathlib.Path:
    """The file of a recipe by its name, or by its path; raises ConfigurationError."""
    if name in recipe_names():
        return resource(*FOLDER, f'{name}{SUFFIX}')
    path = pathlib.Path(name).expanduser()
    if path.suffix in ('.yaml', '.yml') or len(path.parts) > 1:
        return path
    raise ConfigurationError(f'unknown recipe {shown(name)}; {suggest(name, recipe_names())}; or '
                             'the path of a .yaml file')


def parse_recipe(path: pathlib.Path) -> Recipe:
    """The recipe in a file, whose model and options are not checked yet.

    Raises:
        ConfigurationError: Names file, key and value.
    """
    values = read_yaml(path)
    kind = values.get('train')
    if not isinstance(kind, str) or kind not in RECIPES:
        raise ConfigurationError(f'{path}: train must be animation or policy, got {shown(kind)}')
    if 'collect' in values and kind == 'policy':
        values['collect'] = _collections(values['collect'], path)
    recipe = build(RECIPES[kind], values, str(path))
    _check_complete(recipe, path)
    return recipe


def overridden(recipe: Recipe, values: Mapping[str, Any], settings: Iterable[str]) -> Recipe:
    """The recipe with other values of some keys; options of the same name replace its own.

    Args:
        recipe: A recipe.
        values: Values by key. `data` replaces what the recipe would collect, too.
        settings: Texts 'key=value'.

    Raises:
        ConfigurationError: Recipes of this kind have no such key.
    """
    known = {field.name for field in dataclasses.fields(recipe)}
    for key, value in values.items():
        if key not in known:
            raise ConfigurationError(f'--{key.replace("_", "-")} {shown(value)}: the recipe trains '
                                     f'{_KINDS[recipe.train]}; leave it out')
    if 'data' in values and isinstance(recipe, PolicyRecipe):
        recipe = dataclasses.replace(recipe, collect={}, weights_of_folders=())
    given = {text.partition('=')[0].strip() for text in settings}
    options = {key: value for key, value in recipe.options.items() if key not in given}
    return dataclasses.replace(recipe, **values, options=options)


_KINDS = {'animation': 'the networks of an animator', 'policy': 'a policy'}


def _collections(values: Any, path: pathlib.Path) -> dict[str, Collection]:
    if not isinstance(values, Mapping):
        raise ConfigurationError(f'{path}.collect: expected names of folders with options of '
                                 f'`ros_animate collect`, got {shown(values)}')
    for name in values:
        if not isinstance(name, str) or not _FOLDER_NAME.fullmatch(name):
            raise ConfigurationError(f'{path}.collect: expected the name of a folder (letters, '
                                     f'digits, _ and -), got {shown(name)}')
    return {name: build(Collection, options, f'{path}.collect.{name}')
            for name, options in values.items()}


def _check_complete(recipe: Recipe, path: pathlib.Path) -> None:
    """Raises ConfigurationError for keys without which nothing can be trained."""
    collected = len(recipe.collect) if isinstance(recipe, PolicyRecipe) else 0
    folders = len(recipe.data) + collected
    if not recipe.model:
        raise ConfigurationError(f'{path}: model is missing: name an animator or a policy')
    if not folders:
        raise ConfigurationError(f"{path}: data is missing: 'synthetic' (animation), folders, or "
                                 'pairs to collect (policy)')
    if not recipe.minutes > 0:
        raise ConfigurationError(f'{path}: minutes must be > 0, got {shown(recipe.minutes)}')
    if isinstance(recipe, PolicyRecipe) and len(recipe.weights_of_folders) not in (0, folders):
        raise ConfigurationError(f'{path}.weights_of_folders: {len(recipe.weights_of_folders)} '
                                 f'weights for {folders} folders')


def _text(value: Any) -> str:
    """A value as a text that `configuration.parse_assignment` reads as the same."""
    if isinstance(value, list):
        return f'[{",".join(map(_text, value))}]'
    flow = yaml.safe_dump([value], default_flow_style=True, width=10 ** 6)
    return flow.strip().removeprefix('[').removesuffix(']')
