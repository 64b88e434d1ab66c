"""GANs for audio and video."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
