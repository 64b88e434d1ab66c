"""Keras' own Inception, trained on ImageNet. Szegedy et al. 2016, arXiv 1512.00567.

Not the network by which FID is defined: its numbers compare with each other only. Images are
resized as Parmar et al. 2022 advise, https://arxiv.org/abs/2104.11222: bicubic, smoothed where
the image shrinks, and never rounded in between.
"""

import keras
import numpy as np
from PIL import Image

from ganzoo.backend.settings import standard_settings
from ganzoo.data.download import urllib_offline
from ganzoo.errors import EnvironmentProblem
from ganzoo.files.digests import tensors_digest
from ganzoo.metrics.extractor import Extractor
from ganzoo_features.network_runner import network_runner, weight_arrays

SIZE = 299  # pixels


@standard_settings()
def imagenet_inception() -> Extractor:
    """The Inception of Keras' applications, which Keras downloads once (96 MB)."""
    return extractor_of(_load_pretrained())


def extractor_of(model: keras.Model) -> Extractor:
    """Return the extractor of an InceptionV3 of Keras whose top gives logits."""
    pooled = next(la for la in model.layers if isinstance(la, keras.layers.GlobalAveragePooling2D))
    both = keras.Model(model.inputs, [pooled.output, model.output])
    run = network_runner(both, lambda images: images / 127.5 - 1.0)
    return Extractor(
        name="imagenet-inception",
        digest=tensors_digest(weight_arrays(model)),
        resize=f"bicubic {SIZE}",
        channels=3,
        feature_size=pooled.output.shape[-1],
        classes=tuple(f"class {i}" for i in range(model.output.shape[-1])),
        network=lambda images: run(resize_bicubic(images)),
        batch=32,
    )


def resize_bicubic(images: np.ndarray, size: int = SIZE) -> np.ndarray:
    """uint8 (n, h, w, c) -> float32 (n, size, size, c) in about [0, 255], channel by channel."""
    planes = images.astype(np.float32).transpose(0, 3, 1, 2)
    large = [
        [Image.fromarray(plane).resize((size, size), Image.Resampling.BICUBIC) for plane in image]
        for image in planes
    ]
    return np.array([[np.asarray(plane) for plane in image] for image in large]).transpose(
        0, 2, 3, 1
    )


def _load_pretrained() -> keras.Model:
    try:
        with urllib_offline():
            return keras.applications.InceptionV3(
                weights="imagenet", classifier_activation=None, name="imagenet"
            )
    except Exception as error:  # get_file raises a bare Exception; a damaged file, anything
        raise EnvironmentProblem(
            "The weights of Keras' Inception are not here and could not be downloaded. "
            f"Received: {' '.join(str(error).split())[:300].rstrip('.')}.",
            hint="Try again with a network, or put "
            "inception_v3_weights_tf_dim_ordering_tf_kernels.h5 into the folder models of "
            "Keras' home (KERAS_HOME, else ~/.keras).",
        ) from error
