"""EfficientNet-Lite0, trained on ImageNet: features of photographs that come with the zoo.

The network is Tan and Le 2019, https://arxiv.org/abs/1905.11946, in the form without squeeze and
excitation and with ReLU6 that Google published as EfficientNet-Lite. Its features are of its own
kind: distances by them compare with each other only, and are never FID.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.blocks import perceptual_distance
from ganzoo.files import safetensors
from ganzoo.files.digests import tensors_digest
from ganzoo.layers import Conv2D
from ganzoo.metrics.extractor import Extractor
from ganzoo_features.network_runner import network_runner
from ganzoo_features.resizing import resize_bicubic

WEIGHTS = Path(__file__).parent / "weights" / "efficientnet-lite0.safetensors"
SIZE = 224  # pixels, as in training
FEATURES = 1280
STAGES = (  # blocks, kernel size, strides of the first, expansion, filters
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_COMPARED = (1, 2, 3, 5, 7)  # the last stage at each resolution


def photo() -> Extractor:
    """Features of color images of any size: EfficientNet-Lite0 without its last layer."""
    arrays = safetensors.load(WEIGHTS)
    run = network_runner(efficientnet_lite0(arrays))

    @functools.cache  # most evaluations ask for no distance
    @standard_settings()
    def comparison() -> Callable:
        one, other = (keras.Input((None, None, 3), name=name) for name in ("images", "others"))
        distance = perceptual_distance(photo_stages(), one, other, (0.0, 255.0))
        return network_runner(keras.Model([one, other], distance, name="distance"))

    return Extractor(
        name="photo",
        digest=tensors_digest(arrays),
        resize=f"bicubic {SIZE}",
        channels=3,
        feature_size=FEATURES,
        network=lambda images: run(resize_bicubic(images, SIZE)),
        distance=lambda images, others: comparison()(images, others)[0],
        batch=32,
    )


@standard_settings()
def photo_stages(
    stages: Sequence[int] = _COMPARED,
    *,
    size: tuple[int | None, int | None] = (None, None),
    arrays: Mapping[str, np.ndarray] | None = None,
) -> keras.Model:
    """Color images in [0, 255], float32 (b, h, w, 3), of any size -> a list of feature maps.

    For losses and discriminators: see `frozen_networks` of `ganzoo.GAN`, and
    `ganzoo.blocks.perceptual_distance`.

    Args:
        stages: Numbers of the stages whose maps are returned, from 1 to 7. They have 16, 24, 40,
            80, 112, 192 and 320 channels at 1/2, 1/4, 1/8, 1/16, 1/16, 1/32 and 1/32 of the size.
        size: Height and width of the images, where they are known; None for any.
        arrays: Weights as for `efficientnet_lite0`; by default those that come with the zoo.
    """
    images = keras.Input((*size, 3), name="images")
    maps = _stage_maps(images)
    model = keras.Model(images, [maps[stage - 1] for stage in stages], name="photo_stages")
    return _with_weights(model, safetensors.load(WEIGHTS) if arrays is None else arrays)


@standard_settings()
def efficientnet_lite0(arrays: Mapping[str, np.ndarray], size: int | None = SIZE) -> keras.Model:
    """Images in [0, 255], float32 (b, size, size, 3) -> features (b, 1280).

    Args:
        arrays: Weights from `ganzoo_features.convert_efficientnet`: for every convolution its
            kernel, and scale and offset of the batch norm that follows.
        size: Height and width in pixels; `None` for any.
    """
    images = keras.Input((size, size, 3), name="images")
    x = _conv(_stage_maps(images)[-1], FEATURES, 1, "head")
    features = layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    return _with_weights(keras.Model(images, features, name="efficientnet_lite0"), arrays)


def _stage_maps(images: Tensor) -> list[Tensor]:
    """The feature maps after each stage."""
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="scale", dtype="float32")(images)
    x = _conv(x, 32, 3, "stem", strides=2)
    maps = []
    for stage, (blocks, kernel_size, strides, expansion, filters) in enumerate(STAGES, 1):
        for i in range(blocks):
            name = f"stage_{stage}_{i + 1}"
            x = _block(x, filters, kernel_size, 1 if i else strides, expansion, name)
        maps.append(x)
    return maps


def _with_weights(model: keras.Model, arrays: Mapping[str, np.ndarray]) -> keras.Model:
    for layer in model.layers:
        if layer.weights:  # batch norm is part of the convolution
            kernel, scale, offset = (
                arrays[f"{layer.name}/{name}"].astype("float32")
                for name in ("kernel", "scale", "offset")
            )
            layer.set_weights([kernel * scale, offset])
    return model


def _block(
    x: Tensor, filters: int, kernel_size: int, strides: int, expansion: int, name: str
) -> Tensor:
    """An inverted residual: wide, depthwise, narrow. Sandler et al. 2018, arXiv 1801.04381."""
    width = expansion * x.shape[-1]
    y = x if expansion == 1 else _conv(x, width, 1, f"{name}_expand")
    y = _conv(y, width, kernel_size, f"{name}_depthwise", strides=strides, groups=width)
    options = {"kernel_initializer": "zeros", "dtype": "float32"}
    y = Conv2D(filters, 1, name=f"{name}_project", **options)(y)
    residual = strides == 1 and filters == x.shape[-1]
    return layers.Add(name=f"{name}_add", dtype="float32")([x, y]) if residual else y


def _conv(
    x: Tensor, filters: int, kernel_size: int, name: str, strides: int = 1, groups: int = 1
) -> Tensor:
    options = {"strides": strides, "groups": groups, "padding": "same", "dtype": "float32"}
    options["kernel_initializer"] = "zeros"  # until its weights are set
    x = Conv2D(filters, kernel_size, name=name, **options)(x)
    return layers.ReLU(max_value=6.0, name=f"{name}_relu", dtype="float32")(x)
