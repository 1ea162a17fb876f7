"""Files that a run leaves: videos, tables, plots, reports."""
