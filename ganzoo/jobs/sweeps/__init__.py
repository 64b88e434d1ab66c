"""Sweeps: one recipe trained with many values of its keys, and compared."""
