"""Keras' own Inception, trained on ImageNet. Szegedy et al. 2016, arXiv 1512.00567.

Not the network by which FID is defined: its numbers compare with each other only.
"""

import keras

from ganzoo.backend.settings import standard_settings
from ganzoo.data.download import urllib_offline
from ganzoo.errors import EnvironmentProblem
from ganzoo.files.digests import tensors_digest
from ganzoo.metrics.extractor import Extractor
from ganzoo_features.network_runner import network_runner, weight_arrays
from ganzoo_features.resizing import resize_bicubic

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
        network=lambda images: run(resize_bicubic(images, SIZE)),
        batch=32,
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
