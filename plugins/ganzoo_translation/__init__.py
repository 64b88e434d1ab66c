"""Image to image: GANs that translate pictures from one domain into another."""
