"""Fixtures of the landmark tests."""
from helpers.face_images import clip, portrait

__all__ = ['clip', 'portrait']
