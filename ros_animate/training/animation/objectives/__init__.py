"""Training objectives of the animation networks, one module a family."""
