"""The way of one image from its file to the prepared array."""
