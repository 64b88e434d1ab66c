"""Classic architectures: fully connected, DCGAN, residual and growing GANs, and one for faces."""
