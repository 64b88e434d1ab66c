"""Image-to-image translation, with and without pairs."""
