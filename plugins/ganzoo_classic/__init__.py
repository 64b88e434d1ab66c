"""Classic architectures: fully connected, DCGAN, residual and growing GANs, and one for faces."""

import ganzoo  # noqa: F401  before Keras, so that it chooses the backend
