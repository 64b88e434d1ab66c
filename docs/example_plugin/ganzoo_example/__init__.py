"""A conditional GAN, drawn shapes, and a model made of both."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
