"""Network outputs as the `Motion` that stages exchange, and back: one file a family."""
