"""Image files by their bytes."""
