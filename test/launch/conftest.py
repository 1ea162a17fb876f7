"""Fixtures of the launch tests: those of the node tests."""
from helpers.ros_fixtures import domain, environment, make_camera, observer, processes

__all__ = ['domain', 'environment', 'make_camera', 'observer', 'processes']
