"""Initializers of kernels."""

import keras


def normal_initializer(mean: float = 0.0, stddev: float = 0.02) -> keras.initializers.Initializer:
    """Normal numbers. DCGAN: Radford et al. 2016, https://arxiv.org/abs/1511.06434, section 4."""
    return keras.initializers.RandomNormal(mean, stddev=stddev)
