"""Layers, one per file, each citing its paper. They behave the same on every backend."""

from ganzoo.layers.convolution import Conv2D, Conv2DTranspose
from ganzoo.layers.spectral_normalization import SpectralNormalization

__all__ = ["Conv2D", "Conv2DTranspose", "SpectralNormalization"]
