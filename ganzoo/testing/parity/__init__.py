"""Comparison of an architecture between backends, each in a process of its own."""
