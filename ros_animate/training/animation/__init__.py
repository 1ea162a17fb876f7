"""Self-supervised training of the animation networks, by the losses and schedules of the papers."""
