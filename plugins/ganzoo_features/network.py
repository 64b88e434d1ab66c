"""The classifiers' network: convolutions with batch normalization, halved stage by stage."""

from collections.abc import Sequence

import keras

from ganzoo.layers import Conv2D


def classifier(image_shape: Sequence[int], *, widths: Sequence[int], classes: int) -> keras.Model:
    """Images in [0, 255] -> features (b, widths[-1]) and logits (b, classes).

    Args:
        image_shape: (height, width, channels).
        widths: Channels of each stage; every stage halves the size.
        classes: How many logits.
    """
    kind = {"dtype": "float32"}  # whatever policy a training has set
    images = keras.Input(tuple(image_shape), name="images")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale", **kind)(images)
    x = _convolution(x, widths[0], "stem")
    for stage, width in enumerate(widths, 1):
        x = _convolution(x, width, f"down_{stage}", strides=2)  # (h, w) -> (h / 2, w / 2)
        x = _convolution(x, width, f"conv_{stage}")
    features = keras.layers.GlobalAveragePooling2D(name="features", **kind)(x)
    logits = keras.layers.Dense(classes, name="logits", **kind)(features)
    return keras.Model(images, [features, logits], name="classifier")


def _convolution(x, width: int, name: str, strides: int = 1):
    options = {"strides": strides, "padding": "same", "use_bias": False}
    initial = {"kernel_initializer": keras.initializers.HeNormal()}
    x = Conv2D(width, 3, name=name, dtype="float32", **options, **initial)(x)
    norm = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm", dtype="float32")
    return keras.layers.ReLU(name=f"{name}_relu", dtype="float32")(norm(x))
