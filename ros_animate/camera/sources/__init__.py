"""Camera plug-ins, one a file."""
