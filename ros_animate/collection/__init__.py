"""Collects pairs of images and control values for imitation learning, virtual or from a robot."""
