"""The version of the package, whose only home is package.xml."""
from __future__ import annotations

import importlib.metadata
import xml.etree.ElementTree

from ros_animate.configuration import resource

PACKAGE = 'ros_animate'


def version() -> str:
    """The version: that of package.xml, or of the installed Python package."""
    try:
        found = xml.etree.ElementTree.parse(resource('package.xml')).findtext('version')
    except FileNotFoundError:
        found = importlib.metadata.version(PACKAGE)
    return found or 'unknown'
