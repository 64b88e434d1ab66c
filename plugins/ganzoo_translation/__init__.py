"""Image-to-image translation, with and without pairs."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
