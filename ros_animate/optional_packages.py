"""Python packages that some features need and others do without.

A ROS distribution has no packages of them, so a package built from it comes without: what needs
one says so when it is used.
"""
from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Iterator

from ros_animate.errors import UserError

# module: (package on PyPI, what needs it)
PACKAGES = {
    'aiohttp': ('aiohttp', 'data at http and https addresses'),
    'av': ('av', 'sound and exact times of videos, and camera streams'),
    'fsspec': ('fsspec', 'data at http, https and s3 addresses'),
    'lightning_fabric': ('lightning-fabric', 'training'),
    'mediapipe': ('mediapipe', 'the face tracker'),
    'pythonosc': ('python-osc', 'the VMC protocol'),
    'pyvirtualcam': ('pyvirtualcam', 'a virtual camera'),
    'ray': ('ray', 'work on a cluster'),
    'rosbags': ('rosbags', 'recording and replaying bags'),
    's3fs': ('s3fs', 'data at s3 addresses'),
    'safetensors': ('safetensors', 'weights of learned models'),
    'torch': ('torch', 'learned models'),
}


class MissingPackageError(UserError, ImportError):
    """An optional package is not installed; the message says what needs it and what to do."""


def require(module: str) -> None:
    """Raises MissingPackageError if a module of PACKAGES is not installed."""
    if importlib.util.find_spec(module) is None:
        raise _missing(module)


@contextlib.contextmanager
def missing_packages_explained() -> Iterator[None]:
    """Turns the failed import of a module of PACKAGES into a MissingPackageError."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or '').partition('.')[0]
        if module not in PACKAGES:
            raise
        raise _missing(module) from error


def _missing(module: str) -> MissingPackageError:
    package, purpose = PACKAGES[module]
    return MissingPackageError(f'{package} is not installed, which is needed for {purpose}: '
                               f'pip install {package} (docs/ros.md, optional packages)')
