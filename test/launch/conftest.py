"""Fixtures of the launch tests: those of the node tests."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'ros'))

from ros_fixtures import domain, environment, make_camera, observer, processes

__all__ = ['domain', 'environment', 'make_camera', 'observer', 'processes']
