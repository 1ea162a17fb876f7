"""The two paths from a person's motion to control values: image space and feature space."""
from __future__ import annotations

from typing import Any

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.plugins import find

# Path: what its policies observe, and its default policy.
PATHS = {'image': ('image', 'bc_z'), 'features': ('motion', 'calibrated')}


def policy_of_path(path: str, policy: str) -> str:
    """The policy to run: `policy`, else the default of the path, else ''.

    Raises:
        ConfigurationError: An unknown path, or a policy of the other path.
    """
    if not path:
        return policy
    if path not in PATHS:
        raise ConfigurationError(f'path: {path!r} is unknown; {suggest(path, PATHS)}')
    observes, default = PATHS[path]
    cls: Any = find('policy', policy or default)
    if cls.observes != observes:
        raise ConfigurationError(f'path: {path}, but the policy {policy} observes {cls.observes}')
    return policy or default
