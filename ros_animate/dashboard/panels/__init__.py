"""The panels that steer the pipeline."""
