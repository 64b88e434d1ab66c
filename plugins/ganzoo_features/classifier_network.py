"""The network of the classifiers: convolutions with batch norm, downsampled stage by stage."""

from collections.abc import Sequence

import keras

from ganzoo.backend import Tensor
from ganzoo.backend.settings import standard_settings
from ganzoo.layers import Conv2D


@standard_settings()
def classifier_network(
    image_shape: Sequence[int], *, widths: Sequence[int], classes: int
) -> keras.Model:
    """Images in [0, 255] -> features (b, widths[-1]) and logits (b, classes).

    Args:
        image_shape: (height, width, channels).
        widths: Channels of each stage; every stage halves height and width.
        classes: Number of classes.
    """
    dtype = {"dtype": "float32"}  # in any policy
    images = keras.Input(tuple(image_shape), name="images")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale", **dtype)(images)
    x = _conv_norm_relu(x, widths[0], "stem")
    for stage, width in enumerate(widths, 1):
        x = _conv_norm_relu(x, width, f"down_{stage}", strides=2)  # (h, w) -> (h / 2, w / 2)
        x = _conv_norm_relu(x, width, f"conv_{stage}")
    features = keras.layers.GlobalAveragePooling2D(name="features", **dtype)(x)
    logits = keras.layers.Dense(classes, name="logits", **dtype)(features)
    return keras.Model(images, [features, logits], name="classifier")


def _conv_norm_relu(x: Tensor, channels: int, name: str, strides: int = 1) -> Tensor:
    options = {"strides": strides, "padding": "same", "use_bias": False}
    options["kernel_initializer"] = keras.initializers.HeNormal()
    x = Conv2D(channels, 3, name=name, dtype="float32", **options)(x)
    norm = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm", dtype="float32")
    return keras.layers.ReLU(name=f"{name}_relu", dtype="float32")(norm(x))
