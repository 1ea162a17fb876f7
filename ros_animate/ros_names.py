"""Names of ROS topics and namespaces, checked before ROS sees them. Imports no ROS."""
from __future__ import annotations

import re

from ros_animate.errors import UserError

_NAME = re.compile(r'/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*', re.ASCII)
# The middleware adds a prefix of 8 characters to names of at most 255.
MAX_LENGTH = 247
_RULE = 'names are letters, digits and _, parts are joined by /, no part begins with a digit'


def check_topic(name: str) -> str:
    """The name of a topic, e.g. /camera/image_raw; raises UserError if ROS would refuse it."""
    _check('topic', name)
    return name


def full_namespace(text: str) -> str:
    """A namespace as ROS writes it, e.g. /left for left; '' and / give ''. Raises UserError."""
    stripped = text.strip('/')
    if not stripped:
        return ''
    _check('namespace', stripped)
    return f'/{stripped}'


def _check(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > MAX_LENGTH:
        shown = name if len(name) <= MAX_LENGTH else f'{name[:60]}…'
        raise UserError(f'no {kind} has the name {shown!r}: {_RULE}')
