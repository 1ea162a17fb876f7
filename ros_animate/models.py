"""Earlier name of `ros_animate.networks`, for code that was written for it."""
from __future__ import annotations

from ros_animate.networks import FAMILIES
from ros_animate.networks import build_networks as build
from ros_animate.networks import find_family as find

__all__ = ['FAMILIES', 'build', 'find']
