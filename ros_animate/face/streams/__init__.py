"""Formats in which other programs send or store a face as numbers: ARKit's blendshapes and angles.

Every parser is a pure function of bytes or text. What does not parse raises `PacketError`.
"""
