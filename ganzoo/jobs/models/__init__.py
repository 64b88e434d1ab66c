"""Models: built from recipes, loaded from files, sampled and exported."""
