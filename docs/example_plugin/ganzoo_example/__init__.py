"""A conditional GAN, drawn shapes, and a model made of both."""
