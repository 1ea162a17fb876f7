"""Plug-ins of the six stages, found by name and imported only when selected.

A plug-in is one file in its stage's folder, named as the parameter value that selects it, and ends
with `PLUGIN = Class`. The class holds its options in the frozen dataclass `Class.Config` and is
built as `Class(config, *context)`. Other packages add theirs through the entry-point group
`ros_animate.<stage>` (name = parameter value, object = the class).
"""
from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Mapping
from typing import Any, ClassVar

from ros_animate.configuration import ConfigurationError, build, suggest
from ros_animate.errors import shown

# Robots and motions that are read or driven through ROS topics are in nodes/, where ROS may be
# imported.
PACKAGES = {'camera': ('camera.sources',),
            'motion': ('motion.extractors', 'motion.sources', 'nodes.motions'),
            'animation': ('animation.animators',), 'policy': ('policy.policies',),
            'smoothing': ('smoothing.smoothers',),
            'hardware': ('hardware.robots', 'nodes.robots')}
STAGES = tuple(PACKAGES)


class Changeable:
    """Base of plug-ins of which some options may change while they run.

    Attributes:
        changeable: Names of those options.
    """

    changeable: ClassVar[tuple[str, ...]] = ()

    def configure(self, config: Any) -> None:
        """Uses other options from the next call on.

        Args:
            config: An instance of the plug-in's `Config` that differs from the present one in
                options of `changeable` alone.
        """
        if self.changeable:
            raise NotImplementedError(f'{type(self).__name__}.configure')


def available(stage: str) -> list[str]:
    """Sorted names of a stage's plug-ins, of this package and of others."""
    return sorted({*_own(stage), *(e.name for e in _entry_points(stage))})


def find(stage: str, name: str) -> type:
    """The plug-in class; raises ConfigurationError with the choices if there is none."""
    own = _own(stage)
    if name in own:
        return importlib.import_module(f'{own[name]}.{name}').PLUGIN
    for entry in _entry_points(stage):
        if entry.name == name:
            return entry.load()
    raise ConfigurationError(f'unknown {stage} plug-in {shown(name)}; '
                             f'{suggest(name, available(stage))}')


def load(stage: str, name: str, values: Mapping[str, Any] | None = None, *context: Any) -> Any:
    """Builds a plug-in from its options, which are checked.

    Args:
        stage: One of STAGES.
        name: One of `available(stage)`.
        values: Options of the plug-in's `Config`; unknown ones are refused.
        context: Further arguments of the stage's plug-ins: the RobotSpec for policy, smoothing and
            hardware, none for the others.
    """
    cls: Any = find(stage, name)
    return cls(build(cls.Config, values, f'{stage} ({name})'), *context)


def load_shared(stage: str, name: str, values: Mapping[str, Any], *context: Any) -> Any:
    """Builds a plug-in from the options of another one; those that it does not have are ignored.

    So an animator and the extractor whose motion it understands share weights and device.
    """
    cls: Any = find(stage, name)
    known = {field.name for field in dataclasses.fields(cls.Config)}
    return load(stage, name, {k: v for k, v in values.items() if k in known}, *context)


def _own(stage: str) -> dict[str, str]:
    """Package of each plug-in of this package, by the plug-in's name."""
    if stage not in PACKAGES:
        raise ConfigurationError(f'unknown stage {shown(stage)}; {suggest(stage, STAGES)}')
    packages = [importlib.import_module(f'ros_animate.{name}') for name in PACKAGES[stage]]
    return {module.name: package.__name__ for package in packages
            for module in pkgutil.iter_modules(package.__path__)
            if not module.name.startswith('_')}


def _entry_points(stage: str) -> list[importlib.metadata.EntryPoint]:
    return list(importlib.metadata.entry_points(group=f'ros_animate.{stage}'))
