"""A paper for ganzoo, and a model made of it."""
