"""Recipes: what a training is made of, checked without importing a framework."""
