"""Converters of checkpoints: one file for each published layout."""
