"""Robot descriptions by name: those of the package, and robot files anywhere."""
from __future__ import annotations

import pathlib

from ros_animate.configuration import ConfigurationError, resource, suggest
from ros_animate.errors import shown
from ros_animate.plugins import available
from ros_animate.robot.reader import read_spec
from ros_animate.robot.spec import RobotSpec

DEFAULT_DESCRIPTION = 'ameca'


def descriptions() -> dict[str, pathlib.Path]:
    """Files of the robot descriptions of the package, by name."""
    return {p.stem: p for p in sorted(resource('config', 'robots').glob('*.yaml'))}


def robot_names() -> list[str]:
    """Every name that `load_spec` takes: descriptions and hardware plug-ins, sorted."""
    return sorted({*descriptions(), *available('hardware')})


def description_file(name: str | pathlib.Path) -> tuple[pathlib.Path, str | None]:
    """Robot file of a robot, and the transport that its name asks for, None for the file's own.

    Args:
        name: Path of a robot file, name of a description in config/robots, or of a hardware
            plug-in, which then drives the description `ameca`.

    Raises:
        ConfigurationError: There is no robot of this name.
    """
    text = str(name)
    path = pathlib.Path(text).expanduser()
    if path.suffix in ('.yaml', '.yml') or isinstance(name, pathlib.Path):
        return path, None
    if text in descriptions():
        return descriptions()[text], None
    if text in available('hardware'):
        return descriptions()[DEFAULT_DESCRIPTION], text
    raise ConfigurationError(f'unknown robot {shown(text)}; {suggest(text, robot_names())}; '
                             'or the path of a robot file (.yaml)')


def load_spec(name: str | pathlib.Path) -> RobotSpec:
    """Loads the specification of a robot, named as for `description_file`.

    Raises:
        ConfigurationError: There is no such robot, or its file holds mistakes.
    """
    return read_spec(*description_file(name))
