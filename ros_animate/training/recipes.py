"""Running of recipes: the work of `ros_animate train recipe`."""
from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ros_animate.checkpoints.variants import load_config, variants
from ros_animate.collection.collecting import collect, describe
from ros_animate.collection.rendered import RenderedPairs
from ros_animate.configuration import ConfigurationError, build, suggest
from ros_animate.errors import UserError, shown
from ros_animate.hardware.base import VirtualRobot
from ros_animate.networks import find_family
from ros_animate.outputs.paths import expand
from ros_animate.plugins import find
from ros_animate.robot.descriptions import load_spec
from ros_animate.settings import load_settings
from ros_animate.training.animation import request as animation_request
from ros_animate.training.animation import run as animation_run
from ros_animate.training.animation.objectives import registry
from ros_animate.training.animation.source import DataOptions
from ros_animate.training.core import checkpoints
from ros_animate.training.core.recipe import (
    AnimationRecipe,
    PolicyRecipe,
    Recipe,
    parse_recipe,
    recipe_path,
)
from ros_animate.training.core.settings import parse_settings
from ros_animate.training.policy import request as policy_request
from ros_animate.training.policy import run as policy_run
from ros_animate.training.policy.trainable import find_trainable, parse_options

PAIRS = 'pairs'  # folder of the collected pairs in a run's folder


@dataclass(frozen=True)
class RunOptions:
    """Options of one run of a recipe; see `ros_animate train recipe --help`."""

    output: str
    steps: int | None = None
    resume: bool = False
    init: str = ''
    quiet: bool = False


def read_recipe(name: str) -> Recipe:
    """A checked recipe, by its name or the path of its file.

    Raises:
        ConfigurationError: Names file, key, value and remedy.
    """
    path = recipe_path(name)
    recipe = parse_recipe(path)
    (_check_policy if isinstance(recipe, PolicyRecipe) else _check_animation)(recipe, path)
    return recipe


def train_recipe(recipe: Recipe, run: RunOptions, settings: tuple[str, ...] = ()) -> None:
    """Collects what the recipe asks for, trains, and writes the run's folder; raises UserError.

    Args:
        recipe: A recipe.
        run: Options of this run.
        settings: Further texts 'key=value' of --set.
    """
    start_s = time.monotonic()
    if isinstance(recipe, PolicyRecipe):
        folders = (*_collect(recipe, run), *recipe.data)
        minutes = _minutes_left(recipe, run, start_s)
        policy_run.train(policy_request.TrainingRequest(
            policy=recipe.model, data=folders, output=run.output, robot=recipe.robot,
            weights_of_folders=recipe.weights_of_folders, steps=run.steps or 1, minutes=minutes,
            batch_size=recipe.batch_size, resume=run.resume, init=run.init,
            settings=(*recipe.settings, *settings), quiet=run.quiet))
    elif isinstance(recipe, AnimationRecipe):
        animation_run.train(animation_request.TrainingRequest(
            model=recipe.model, data=recipe.data, output=run.output, variant=recipe.variant,
            steps=run.steps or 1, minutes=_minutes_left(recipe, run, start_s), resume=run.resume,
            init=run.init, settings=(*recipe.settings, *settings), quiet=run.quiet))


def _check_animation(recipe: Recipe, path: pathlib.Path) -> None:
    assert isinstance(recipe, AnimationRecipe)
    if recipe.model not in registry.FAMILIES:
        raise ConfigurationError(f'{path}.model: {shown(recipe.model)} is unknown; '
                                 f'{suggest(recipe.model, registry.FAMILIES)}')
    if recipe.variant not in variants(recipe.model):
        raise ConfigurationError(f'{path}.variant: {shown(recipe.variant)} is unknown; '
                                 f'{suggest(recipe.variant, variants(recipe.model))}')
    network = find_family(recipe.model).Config
    *_, values = parse_settings(recipe.settings, registry.options_class(recipe.model), DataOptions,
                                network, where=f'{path}.options')
    usual = dataclasses.asdict(load_config(recipe.model, recipe.variant))
    build(network, {**usual, **values}, f'{path}.options')


def _check_policy(recipe: Recipe, path: pathlib.Path) -> None:
    assert isinstance(recipe, PolicyRecipe)
    with _naming(f'{path}.model'):
        policy = find_trainable(recipe.model)
    with _naming(f'{path}.robot'):
        load_spec(recipe.robot)
    _, values = parse_options(policy, recipe.settings, f'{path}.options')
    build(find_family(policy.family).Config, values, f'{path}.options')


@contextlib.contextmanager
def _naming(where: str) -> Iterator[None]:
    """Puts the place of a value before the message of an error about it."""
    try:
        yield
    except UserError as error:
        raise ConfigurationError(f'{where}: {error}') from error


def _minutes_left(recipe: Recipe, run: RunOptions, start_s: float) -> float | None:
    """Minutes for the training; None if its steps are given."""
    if run.steps is not None:
        return None
    spent = (time.monotonic() - start_s) / 60.0
    if spent >= recipe.minutes:
        raise UserError(f'collecting took {spent:.1f} min of {recipe.minutes:g}, none are left for '
                        'the training: give the command again, the pairs are kept; or --minutes')
    return recipe.minutes - spent


def _collect(recipe: PolicyRecipe, run: RunOptions) -> list[str]:
    """Folders of the collected pairs; those of an earlier start are kept."""
    if not recipe.collect:
        return []
    output = expand(run.output)
    if (output / checkpoints.NAME).exists() and not run.resume:
        raise UserError(f'{output} holds a run: go on with it (--resume), or name another folder')
    if int(os.environ.get('WORLD_SIZE', 1)) > 1:
        raise UserError('under torchrun pairs are not collected: collect them before (ros_animate '
                        'collect), and name their folders with --data')
    settings = load_settings(robot=recipe.robot)
    if not issubclass(find('hardware', settings.plugin('hardware')), VirtualRobot):
        raise UserError(f'{recipe.robot} is a real robot, which a recipe does not move: collect '
                        'pairs by `ros_animate collect`, and name their folders with --data')
    folders, spec = [], settings.spec
    for name, pairs in recipe.collect.items():
        folders.append(str(output / PAIRS / name))
        more = {'exaggerated': pairs.exaggerated} if pairs.exaggerated else {}
        collect(RenderedPairs(spec, pairs.seed, pairs.size, pairs.exaggerated),
                output / PAIRS / name, describe(spec, pairs.seed, pairs.size, **more),
                pairs.count, len(os.sched_getaffinity(0)), run.quiet)
    return folders
