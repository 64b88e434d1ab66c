"""A paper for ganzoo, and a model made of it."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
