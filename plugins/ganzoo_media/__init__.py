"""Beyond pictures: GANs for sound and for video."""
