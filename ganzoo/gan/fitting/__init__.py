"""Checks of what `fit` is given, and a guard while it runs."""
