"""Generators of Keras tutorials: `.weights.h5`, `.keras`, and `.h5` of older versions.

A file has no names of the author's: its layers are recognized by classes, positions and shapes.
"""

from math import isqrt

import numpy as np

from ganzoo.files.foreign import Conversion, LazyArray, keras_layers

from .torch_module import OtherLayout, Weights, converter

_Names = list[tuple[str, str, tuple[str, ...]]]  # class, name and weights of each layer, in order
_DENSE = ("kernel", "bias")
_AXES = {"dense": 2, "conv2d": 4, "conv2d_transpose": 4, "batch_normalization": 1}  # of the first
_NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@converter
def keras_dcgan_fashion_mnist(weights: Weights) -> Conversion:
    """The DCGAN of `dcgan-fashion-mnist`: batch norm before two 5x5 transposed convolutions."""
    arrays = _arrays(weights, [
        ("dense", "project", _DENSE),
        ("batch_normalization", "project_norm", _NORM),
        ("conv2d_transpose", "up_1", _DENSE),
        ("batch_normalization", "up_1_norm", _NORM),
        ("conv2d_transpose", "up_2", _DENSE),
    ])  # fmt: skip
    latent_size, units = arrays["project/kernel"].shape
    size, (h, w, channels, inputs) = isqrt(units // 128), arrays["up_2/kernel"].shape
    if (h, w, inputs) != (5, 5, 64) or arrays["up_1/kernel"].shape != (5, 5, 64, 128):
        raise OtherLayout
    return Conversion(
        found="generator of a Keras tutorial's DCGAN, with SELU",
        architecture="dcgan-fashion-mnist",
        options={"latent_size": latent_size},
        image_shape=(4 * size, 4 * size, channels),
        arrays=arrays,
        inexact=("Activations and epsilons are not read: they are taken to be the tutorial's.",),
    )


@converter
def keras_facegan(weights: Weights) -> Conversion:
    """The GAN of `facegan`: three 4x4 transposed convolutions between 5x5 convolutions."""
    convs = [("conv2d", name, _DENSE) for name in ("mix", "refine_1", "refine_2", "image")]
    ups = [("conv2d_transpose", f"up_{i}", _DENSE) for i in range(3)]
    arrays = _arrays(weights, [("dense", "project", _DENSE), *convs, *ups])
    latent_size, units = arrays["project/kernel"].shape
    start = isqrt(units // max(arrays["mix/kernel"].shape[2], 1))
    for i in range(3):
        for variable in _DENSE:
            arrays[f"up_{2 * start << i}/{variable}"] = arrays.pop(f"up_{i}/{variable}")
    *_, channels = arrays["image/kernel"].shape
    return Conversion(
        found="generator of a Keras tutorial's face GAN",
        architecture="facegan",
        options={"latent_size": latent_size, "base_channels": arrays["mix/bias"].size},
        image_shape=(8 * start, 8 * start, channels),
        arrays=arrays,
        inexact=("Activations are not read: they are taken to be the tutorial's.",),
    )


def _arrays(weights: Weights, names: _Names) -> dict[str, np.ndarray]:
    """Return the arrays of these layers, the only ones in the file, under ganzoo's names."""
    left: dict[str, list[list[LazyArray]]] = keras_layers(weights)
    if sum(map(len, left.values())) != len(names):
        raise OtherLayout
    arrays = {}
    for kind, name, variables in names:
        found = left[kind].pop(0) if left.get(kind) else []
        if len(found) != len(variables) or len(found[0].shape) != _AXES[kind]:
            raise OtherLayout
        for variable, array in zip(variables, found, strict=True):
            arrays[f"{name}/{variable}"] = array.read().astype(np.float32)
    return arrays
