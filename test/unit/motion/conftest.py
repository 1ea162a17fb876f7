"""Fixtures of the motion tests."""
from helpers.face_images import clip, portrait

__all__ = ['clip', 'portrait']
