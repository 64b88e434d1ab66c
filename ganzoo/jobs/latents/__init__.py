"""Latents of a trained model: projected, moved along directions, mixed; and their files."""
