"""The zoo's own feature extractors, reached by entry point only."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
