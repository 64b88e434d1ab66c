"""Conditional architectures: GANs conditioned on a class, or that classify themselves."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
