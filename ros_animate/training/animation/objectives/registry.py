"""Choice of the training objective by family and options."""
from __future__ import annotations

import importlib

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.training.animation.objectives.base import TrainingObjective
from ros_animate.training.animation.options import AnimationOptions

FAMILIES = ('monkey_net', 'x2face', 'fomm', 'face_vid2vid', 'live_portrait', 'warp_guided')
# Modules of the objectives that train the networks of a second stage.
_SECOND_STAGES = {'live_portrait': 'retargeting'}


def options_class(family: str) -> type[AnimationOptions]:
    """Training options of a family; raises ConfigurationError for an unknown one."""
    return _objective(family).Options


def find_objective(family: str, options: AnimationOptions) -> type[TrainingObjective]:
    """Objective that trains the networks of a family, in the stage that the options name."""
    return _objective(_SECOND_STAGES[family] if options.second_stage else family)


def _objective(module_name: str) -> type[TrainingObjective]:
    if module_name not in (*FAMILIES, *_SECOND_STAGES.values()):
        raise ConfigurationError(f'--animator: unknown or untrainable family {module_name!r}; '
                                 f'{suggest(module_name, FAMILIES)}')
    module = importlib.import_module(f'{__package__}.{module_name}')
    objective: type[TrainingObjective] = module.OBJECTIVE
    return objective
