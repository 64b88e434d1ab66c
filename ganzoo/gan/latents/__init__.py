"""Latents of a trained generator: projection, directions, edits, and its traced operations."""
