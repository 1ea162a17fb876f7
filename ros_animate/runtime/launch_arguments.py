"""Arguments of the launch files and the settings that they give. Imports neither ROS nor launch."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ros_animate.configuration import ConfigurationError
from ros_animate.policy.paths import policy_of_path
from ros_animate.settings import Settings, load_settings

# name: (default, description)
COMMON_ARGUMENTS: dict[str, tuple[str | None, str]] = {
    'robot': ('', 'a robot (`ros_animate robots list`) or the path of a robot file'),
    'motion': ('', 'plug-in of the stage motion'),
    'animator': ('', 'plug-in of the stage animation'),
    'policy': ('', 'plug-in of the stage policy; one that observes images makes the way lead '
                   'through the animated portrait'),
    'path': ('', 'image (through the animated portrait) or features (straight from the motion): '
             "selects the path's usual policy; empty: the configuration's"),
    'portrait': ('', "the image to animate; empty: the robot's own virtual face"),
    'mirror': ('false', 'the robot moves as the mirror image would'),
    'config': ('', 'YAML like config/retarget.yaml'),
    'params': ('', 'ROS parameter file; wins over all other arguments'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'composed': ('false', 'all nodes in one process'),
    'dashboard': ('false', 'show and steer the run in the browser; prints the address'),
    'record': ('', 'a bag to be made of the run'),
}
BOOLEANS = {'true': True, '1': True, 'yes': True, 'on': True,
            'false': False, '0': False, 'no': False, 'off': False, '': False}


def is_true(name: str, text: str) -> bool:
    """The value of a boolean argument; raises ConfigurationError."""
    if text.lower() not in BOOLEANS:
        raise ConfigurationError(f'{name}: expected true or false, got {text!r}')
    return BOOLEANS[text.lower()]


def settings_of(given: Mapping[str, str], camera: Mapping[str, Any] | None = None,
                motion: Mapping[str, Any] | None = None) -> Settings:
    """The settings that the COMMON_ARGUMENTS give.

    Args:
        given: Values of the arguments.
        camera: Section of the camera; None leaves it to the configuration.
        motion: Section of the motion where it comes without a camera.

    Raises:
        ConfigurationError: An argument is wrong; the message names it.
    """
    policy = policy_of_path(given['path'], given['policy'])
    plugins = {'motion': given['motion'], 'animation': given['animator'], 'policy': policy}
    sections: dict[str, Any] = {stage: {'plugin': plugin}
                                for stage, plugin in plugins.items() if plugin}
    if motion is not None:
        sections['motion'] = motion
    return load_settings(
        [given['config']] if given['config'] else [], robot=given['robot'] or None,
        portrait=given['portrait'] or None, mirror=is_true('mirror', given['mirror']) or None,
        camera=camera, **sections)
