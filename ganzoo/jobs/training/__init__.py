"""Training a recipe into a run folder, and resuming it."""
