"""R3GAN of https://github.com/brownvc/R3GAN: `network-snapshot-final.pkl`."""

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, Weights, converter

_LAYERS = {
    "LinearLayer1.Layer.weight": "in/kernel",
    "NonLinearity1.Bias": "in_relu/bias",
    "LinearLayer2.Layer.weight": "groups/kernel",
    "NonLinearity2.Bias": "groups_relu/bias",
    "LinearLayer3.Layer.weight": "out/kernel",
}
_TAPS = np.array([1, 3, 3, 1]) / 8


@converter
def r3gan_pickle(weights: Weights) -> Conversion:
    """The averaged generator, with or without classes."""
    module = TorchModule(weights, "MainLayers.0.Layers.0.Basis", "AggregationLayer.Layer.weight")
    arrays, conditional = module.arrays, "EmbeddingLayer.weight" in module
    basis = module.read("MainLayers.0.Layers.0.Basis")  # (c, 4, 4)
    arrays["basis/pictures"] = basis.transpose(1, 2, 0)
    arrays["scale/kernel"] = module.read("MainLayers.0.Layers.0.LinearLayer.weight").T
    channels, group_size, i = [], 0, 0
    while f"MainLayers.{i}.Layers.1.NonLinearity1.Bias" in module:
        stage, resolution = f"MainLayers.{i}.Layers", 4 << i
        for block in (1, 2):
            for theirs, ours in _LAYERS.items():
                array = module.kernel(f"{stage}.{block}.{theirs}")
                arrays[f"{resolution}_block_{block}_{ours}"] = array
        group_size = module.shape(f"{stage}.1.LinearLayer2.Layer.weight", 4)[1]
        channels.append(module.shape(f"{stage}.1.LinearLayer1.Layer.weight", 4)[1])
        if f"{stage}.0.LinearLayer.Layer.weight" in module:
            name = f"{stage}.0.LinearLayer.Layer.weight"
            arrays[f"{resolution}_match/kernel"] = module.kernel(name)
        if i and not np.allclose(
            module.read(f"{stage}.0.Resampler.Kernel"), np.outer(_TAPS, _TAPS), atol=1e-6
        ):
            raise OtherLayout  # resampled by another filter
        i += 1
    arrays["to_image/kernel"] = module.kernel("AggregationLayer.Layer.weight")
    latent_size, classes = arrays["scale/kernel"].shape[0], 0
    if conditional:
        arrays["class/embeddings"] = module.read("EmbeddingLayer.weight").T
        classes, embedding = arrays["class/embeddings"].shape
        latent_size -= embedding
        if embedding != latent_size:
            raise OtherLayout
    module.drop()
    return Conversion(
        found="generator of R3GAN",
        license_note=(
            "The repository names no license; parts are under the Nvidia Source Code License."
        ),
        architecture="r3gan-conditional" if conditional else "r3gan",
        options={"latent_size": latent_size, "channels": channels, "group_size": group_size},
        image_shape=(2 << i, 2 << i, arrays["to_image/kernel"].shape[-1]),
        classes=classes,
        arrays=arrays,
        dropped=("The generator that is not averaged, the discriminator and their optimizers.",),
        inexact=("The authors compute stages of high resolution in bfloat16.",),
    )
