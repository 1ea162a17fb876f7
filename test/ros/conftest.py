"""Fixtures of the node tests."""
from helpers.live_runs import clip, retarget
from helpers.ros_fixtures import domain, environment, make_camera, observer, processes

__all__ = ['clip', 'domain', 'environment', 'make_camera', 'observer', 'processes', 'retarget']
