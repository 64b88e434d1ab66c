"""The Inception of 2015, by which FID is defined: the network and its preprocessing.

The network is Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, as in the graph that
Google published on 2015-12-05 and Heusel et al. 2017, https://arxiv.org/abs/1706.08500, took.
Three things are not as in the paper, and FID depends on each: images are resized by TensorFlow
1's bilinear filter, average pools leave out what lies beyond the edge, and the last block pools
by the maximum. Layers have the names of the port to PyTorch (see `convert_inception`).
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.errors import EnvironmentProblem
from ganzoo.files import safetensors
from ganzoo.files.digests import tensors_digest
from ganzoo.metrics.extractor import Extractor
from ganzoo_features import convert_inception
from ganzoo_features.network_runner import assign_weights, named_variables, network_runner

SIZE = 299  # pixels
FEATURES = 2048
CLASSES = 1008  # the thousand of ImageNet and eight unnamed ones

# A branch is its name and its convolutions (filters, kernel); SPLIT is a row and a column side
# by side. Where a block has a pool, another branch pools and then convolves; a block without
# one halves the grid: by its branches' last convolution, and by a pool.
_SPLIT = "split"
_COLUMN, _ROW = (7, 1), (1, 7)


def _block_35x35(pooled: int) -> dict:  # figure 5: a grid of 35 x 35
    return {
        "branches": (
            ("branch1x1", (64, 1)),
            ("branch5x5", (48, 1), (64, 5)),
            ("branch3x3dbl", (64, 1), (96, 3), (96, 3)),
        ),
        "pool": (layers.AveragePooling2D, pooled),
    }


def _block_17x17(c: int) -> dict:  # figure 6: 17 x 17
    return {
        "branches": (
            ("branch1x1", (192, 1)),
            ("branch7x7", (c, 1), (c, _ROW), (192, _COLUMN)),
            ("branch7x7dbl", (c, 1), (c, _COLUMN), (c, _ROW), (c, _COLUMN), (192, _ROW)),
        ),
        "pool": (layers.AveragePooling2D, 192),
    }


def _block_8x8(pool) -> dict:  # figure 7: 8 x 8
    return {
        "branches": (
            ("branch1x1", (320, 1)),
            ("branch3x3", (384, 1), (384, _SPLIT)),
            ("branch3x3dbl", (448, 1), (384, 3), (384, _SPLIT)),
        ),
        "pool": (pool, 192),
    }


_STEM: tuple[Any, ...] = (  # name, filters, kernel, options; None is a pool
    ("Conv2d_1a_3x3", 32, 3, {"strides": 2, "padding": "valid"}),  # 299 -> 149
    ("Conv2d_2a_3x3", 32, 3, {"padding": "valid"}),  # 147
    ("Conv2d_2b_3x3", 64, 3, {}),
    None,  # 73
    ("Conv2d_3b_1x1", 80, 1, {}),
    ("Conv2d_4a_3x3", 192, 3, {"padding": "valid"}),  # 71
    None,  # 35
)
_BLOCKS = {
    "Mixed_5b": _block_35x35(32),
    "Mixed_5c": _block_35x35(64),
    "Mixed_5d": _block_35x35(64),
    "Mixed_6a": {  # 35 -> 17
        "branches": (("branch3x3", (384, 3)), ("branch3x3dbl", (64, 1), (96, 3), (96, 3)))
    },
    "Mixed_6b": _block_17x17(128),
    "Mixed_6c": _block_17x17(160),
    "Mixed_6d": _block_17x17(160),
    "Mixed_6e": _block_17x17(192),
    "Mixed_7a": {  # 17 -> 8
        "branches": (
            ("branch3x3", (192, 1), (320, 3)),
            ("branch7x7x3", (192, 1), (192, _ROW), (192, _COLUMN), (192, 3)),
        )
    },
    "Mixed_7b": _block_8x8(layers.AveragePooling2D),
    "Mixed_7c": _block_8x8(layers.MaxPooling2D),  # in the graph, not in the paper
}


def inception() -> Extractor:
    """The Inception of 2015, by which FID is defined; its weights are converted once.

    Raises:
        EnvironmentProblem: The weights are not here.
        InvalidInput: The file holds something else.
    """
    path = convert_inception.weights_path()
    if not path.exists():
        command = "python -m ganzoo_features.convert_inception"
        file = convert_inception.ADDRESS.rpartition("/")[2]
        raise EnvironmentProblem(
            f"The weights of FID's Inception are not here. Expected: {path}.",
            hint=f"Download them once (96 MB): {command}; or convert your file: {command} {file}.",
        )
    model = inception_network()
    expected = {name: ("float32", tuple(v.shape)) for name, v in named_variables(model).items()}
    arrays = safetensors.load(path, expected=expected)
    assign_weights(model, arrays)
    return Extractor(
        name="inception",
        digest=tensors_digest(arrays),
        resize=f"tf1-bilinear {SIZE}",
        channels=3,
        feature_size=FEATURES,
        classes=tuple(f"class {i}" for i in range(CLASSES)),
        network=network_runner(model, preprocess),
        batch=32,
    )


@standard_settings()
def inception_network() -> keras.Model:
    """Images from `preprocess` -> features (b, 2048) and logits (b, 1008), these without a bias.

    The Inception score is computed of logits without their bias, as in the program of its
    authors.
    """
    images = keras.Input((SIZE, SIZE, 3), name="images")
    x = images
    for step in _STEM:
        if step is None:
            x = _downsampling_pool(x)
        else:
            name, filters, kernel, options = step
            x = _conv_norm_relu(x, name, filters, kernel, **options)
    for name, block in _BLOCKS.items():
        x = _block(x, name, **block)
    features = layers.GlobalAveragePooling2D(name="features", dtype="float32")(x)
    logits = layers.Dense(CLASSES, use_bias=False, name="fc", dtype="float32")(features)
    return keras.Model(images, [features, logits], name="inception")


def preprocess(images: Tensor) -> Tensor:
    """Images (b, h, w, 3), floats in [0, 255] -> (b, 299, 299, 3) in [-1, 1)."""
    for axis in (2, 1):
        images = _resize_axis(images, axis)
    return (images - 128.0) / 128.0


def _resize_axis(images: Tensor, axis: int) -> Tensor:
    """One axis at 299 pixels as TensorFlow 1 resizes: pixel i is taken at i * size / 299, with
    no half pixel added and no smoothing where the image shrinks.
    """
    size = images.shape[axis]
    position = np.arange(SIZE, dtype="float32") * np.float32(size / SIZE)
    low = position.astype("int32")
    high = np.minimum(low + 1, size - 1)
    share = (position - low.astype("float32")).reshape((-1, 1, 1) if axis == 1 else (-1, 1))
    share = ops.convert_to_tensor(share)
    first, second = (ops.take(images, index, axis=axis) for index in (low, high))
    return first + (second - first) * share


def _block(x: Tensor, name: str, *, branches: tuple, pool: tuple | None = None) -> Tensor:
    outputs = []
    for prefix, *steps in branches:
        y = x
        for number, (filters, kernel) in enumerate(steps, 1):
            last = number == len(steps)
            step = f"{name}_{prefix}" + (f"_{number}" if len(steps) > 1 else "")
            if kernel is _SPLIT:
                outputs.append(_conv_norm_relu(y, f"{step}a", filters, (1, 3)))
                y = _conv_norm_relu(y, f"{step}b", filters, (3, 1))
            elif last and pool is None:
                y = _conv_norm_relu(y, step, filters, kernel, strides=2, padding="valid")
            else:
                y = _conv_norm_relu(y, step, filters, kernel)
        outputs.append(y)
    if pool is None:
        outputs.append(_downsampling_pool(x))
    else:
        kind, filters = pool
        y = kind(3, strides=1, padding="same", dtype="float32")(x)
        outputs.append(_conv_norm_relu(y, f"{name}_branch_pool", filters, 1))
    return layers.Concatenate(name=name, dtype="float32")(outputs)


def _conv_norm_relu(
    x: Tensor, name: str, filters: int, kernel, strides: int = 1, padding: str = "same"
) -> Tensor:
    options = {"strides": strides, "padding": padding, "use_bias": False, "dtype": "float32"}
    x = layers.Conv2D(filters, kernel, name=f"{name}_conv", **options)(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn", dtype="float32")(x)
    return layers.ReLU(name=f"{name}_relu", dtype="float32")(x)


def _downsampling_pool(x: Tensor) -> Tensor:
    return layers.MaxPooling2D(3, strides=2, dtype="float32")(x)
