"""Perceptual distance of images. Zhang et al. 2018, https://arxiv.org/abs/1801.03924."""

import keras
from keras import ops

from ganzoo.backend import Tensor

_EPSILON = 1e-8  # of squared lengths, so that a feature of zeros has a gradient


def perceptual_distance(
    network: keras.Model,
    images: Tensor,
    others: Tensor,
    value_range: tuple[float, float] = (-1.0, 1.0),
) -> Tensor:
    """Distance of each image to another in the feature maps of a network, (batch,), from 0 to 4.

    The vectors of channels at each position are brought to length 1. Their squared distance is
    averaged over positions, and then over the maps: the "baseline" of Zhang et al., without the
    weights of channels that they learn from judgments of people. Gradients flow to both images.

    Args:
        network: Color images in [0, 255], float32 (batch, h, w, 3), -> a list of feature maps,
            such as those of the features `photo`; see docs/metrics.md.
        images: Images in `value_range` (batch, h, w, 1 or 3).
        others: Those to compare with, of the same shape.
        value_range: Range of both.
    """
    pairs = zip(
        feature_maps(network, images, value_range),
        feature_maps(network, others, value_range),
        strict=True,
    )
    distances = [
        ops.mean(ops.sum(ops.square(_of_length_one(x) - _of_length_one(y)), -1), axis=(1, 2))
        for x, y in pairs
    ]
    return sum(distances[1:], distances[0]) / len(distances)


def feature_maps(
    network: keras.Model, images: Tensor, value_range: tuple[float, float] = (-1.0, 1.0)
) -> list[Tensor]:
    """Feature maps of images in inference mode, gray ones repeated as color; see above."""
    low, high = value_range
    pixels = (ops.cast(images, "float32") - low) * (255.0 / (high - low))
    if pixels.shape[-1] == 1:
        pixels = ops.concatenate([pixels] * 3, axis=-1)
    return network(pixels, training=False)


def _of_length_one(x: Tensor) -> Tensor:
    return x * ops.rsqrt(ops.sum(ops.square(x), axis=-1, keepdims=True) + _EPSILON)
