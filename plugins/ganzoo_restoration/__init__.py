"""Restoration of images: networks that enlarge them."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
