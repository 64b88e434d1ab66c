"""Modern architectures: style-based, light and regularized GANs."""
