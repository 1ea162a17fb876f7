"""Self-calibration of a robot: its controls and its tracked face, learned and inverted."""
