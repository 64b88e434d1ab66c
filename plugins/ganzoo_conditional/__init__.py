"""Conditional architectures: GANs that are told a class, or find classes themselves."""
