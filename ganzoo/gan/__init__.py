"""The GAN: two networks, their losses, and one training step. No files, no names."""
