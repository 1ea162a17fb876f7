"""The two ways from a person's motion to control values."""
from __future__ import annotations

from typing import Any

from ros_animate.configuration import ConfigurationError, suggest
from ros_animate.plugins import find

# Through the animated portrait, or from the motion itself: what is observed, and who does so.
PATHS = {'image': ('image', 'bc_z'), 'features': ('motion', 'blendshape_map')}


def policy_of_path(path: str, policy: str) -> str:
    """The policy that is wanted: `policy`, or the path's usual one; '' for no wish.

    Raises:
        ConfigurationError: An unknown path, or a policy of the other one.
    """
    if not path:
        return policy
    if path not in PATHS:
        raise ConfigurationError(f'path: {path!r} is unknown; {suggest(path, PATHS)}')
    observes, usual = PATHS[path]
    cls: Any = find('policy', policy or usual)
    if cls.observes != observes:
        raise ConfigurationError(f'path: {path}, but the policy {policy} observes {cls.observes}')
    return policy or usual
