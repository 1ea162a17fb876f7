"""Measures policies, animators, smoothers and whole runs."""
