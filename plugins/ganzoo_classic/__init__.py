"""Classic architectures: fully connected GANs, DCGAN, and a GAN for faces."""
