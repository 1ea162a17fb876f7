"""The camera stage: sources of frames."""
