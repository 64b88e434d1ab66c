"""Installed plugins: found by entry point, described from their source, imported last."""
