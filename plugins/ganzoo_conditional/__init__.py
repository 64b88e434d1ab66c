"""Conditional architectures: GANs conditioned on a class, or that classify themselves."""
