"""Modern architectures: style-based, light and regularized GANs."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
