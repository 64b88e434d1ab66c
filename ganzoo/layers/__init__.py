"""Layers, one per file, each citing its paper. They behave the same on every backend."""

from ganzoo.layers.batch_normalization import BatchNormalization
from ganzoo.layers.bias import Bias
from ganzoo.layers.classes import Embedding, OneHot, one_hot
from ganzoo.layers.conditional_batch_normalization import ConditionalBatchNormalization
from ganzoo.layers.convolution import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
)
from ganzoo.layers.dropout import Dropout
from ganzoo.layers.equalized import EqualizedConv2D, EqualizedDense
from ganzoo.layers.instance_normalization import InstanceNormalization
from ganzoo.layers.latent_noise import LatentNoise
from ganzoo.layers.minibatch_stddev import MinibatchStddev
from ganzoo.layers.modulated_convolution import ModulatedConv2D
from ganzoo.layers.phase_shuffle import PhaseShuffle
from ganzoo.layers.pixel_norm import PixelNorm
from ganzoo.layers.pixel_shuffle import PixelShuffle
from ganzoo.layers.resampling import Resample2D
from ganzoo.layers.self_attention import SelfAttention
from ganzoo.layers.spectral_normalization import SpectralNormalization

__all__ = [
    "BatchNormalization", "Bias", "ConditionalBatchNormalization", "Conv1D", "Conv1DTranspose",
    "Conv2D", "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Dropout", "Embedding",
    "EqualizedConv2D", "EqualizedDense", "InstanceNormalization", "LatentNoise", "MinibatchStddev",
    "ModulatedConv2D", "OneHot", "PhaseShuffle", "PixelNorm", "PixelShuffle", "Resample2D",
    "SelfAttention", "SpectralNormalization", "one_hot",
]  # fmt: skip
