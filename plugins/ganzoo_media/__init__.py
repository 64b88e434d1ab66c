"""GANs for audio and video."""
