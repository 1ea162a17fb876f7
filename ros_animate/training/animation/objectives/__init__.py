"""What training makes small, one file per family of networks."""
