"""Pairs of pictures and control values for imitation learning, virtual and from a robot."""
