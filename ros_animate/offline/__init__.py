"""Runs without ROS over files: `retarget --offline`, and `animate` (videos, grids, templates)."""
