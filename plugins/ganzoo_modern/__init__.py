"""Modern architectures: style-based, light and regularised GANs."""
