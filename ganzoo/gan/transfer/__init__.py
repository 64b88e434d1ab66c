"""Transfer learning: weights of another model as the start of a training."""
