"""BigGAN-deep of https://github.com/huggingface/pytorch-pretrained-BigGAN: `pytorch_model.bin`,
DeepMind's weights of TensorFlow Hub.
"""

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, Weights, converter, dense

_ATTENTION = {"theta": "queries", "phi": "keys", "g": "values", "o_conv": "outputs"}


@converter
def biggan_deep_huggingface(weights: Weights) -> Conversion:
    """The generator, with the statistics of batch norm that belong to a truncation of 1."""
    module = TorchModule(weights, "embeddings.weight", "generator.gen_z.weight_orig")
    arrays, attended, i, blocks = module.arrays, 0, 0, 0
    embedding, classes = module.shape("embeddings.weight", 2)
    arrays["shared/kernel"] = module.read("embeddings.weight").T
    _conditioned(module, "generator.gen_z", "project", embedding, bias=True)
    while f"generator.layers.{i}.gamma" in module or f"generator.layers.{i}.conv_0.bias" in module:
        name = f"generator.layers.{i}"
        r = 4 << ((blocks + 1) // 2)  # where the block leads: 4, 8, 8, 16, ...
        if f"{name}.gamma" in module:
            attended = r
            arrays["attention/gamma"] = module.read(f"{name}.gamma").reshape(())
            for theirs, ours in _ATTENTION.items():
                theirs = f"{name}.snconv1x1_{theirs}"
                module.layer(theirs, f"attention/{ours}", bias=False, order=dense)
        else:
            keras_name = f"up_{r}" if blocks % 2 else f"plain_{r}"
            for n in range(4):
                module.layer(f"{name}.conv_{n}", f"{keras_name}_conv_{n + 1}")
                norm, keras_norm = f"{name}.bn_{n}", f"{keras_name}_norm_{n + 1}"
                _conditioned(module, f"{norm}.scale", f"{keras_norm}/gamma", embedding)
                _conditioned(module, f"{norm}.offset", f"{keras_norm}/beta", embedding)
                _statistics(module, norm, f"{keras_norm}/norm")
            blocks += 1
        i += 1
    arrays["image_norm/gamma"] = module.read("generator.bn.weight")
    arrays["image_norm/beta"] = module.read("generator.bn.bias")
    _statistics(module, "generator.bn", "image_norm")
    channels, _ = module.layer("generator.conv_to_rgb", "image_conv")
    module.drop("weight_v")
    size = 4 << (blocks // 2)
    if size < 128:
        raise OtherLayout  # smaller ones have other channels here
    options = {"class_embedding_size": embedding, "base_channels": channels}
    options["latent_size"] = arrays["project/project/kernel"].shape[0] - embedding
    return Conversion(
        found="generator of huggingface's BigGAN-deep",
        license_note=(
            "The code is under MIT; TensorFlow Hub has the weights, DeepMind's, under Apache-2.0."
        ),
        architecture="biggan-deep",
        options={
            **options,
            "attention_resolution": attended,
            "batch_norm_epsilon": 1e-4,
            "wide_image_conv": True,
        },
        image_shape=(size, size, 3),
        classes=classes,
        arrays=arrays,
        dropped=("Statistics of batch norm for truncations below 1.",),
        inexact=("At other truncations its authors take other statistics of batch norm.",),
    )


def _conditioned(
    module: TorchModule, name: str, keras_name: str, embedding: int, *, bias: bool = False
) -> None:
    """A layer of (latent, class) there, and of (class, latent) here; rows are (h, w, c) in both."""
    module.layer(name, keras_name, bias=bias)
    path = f"{keras_name}/{keras_name.rpartition('/')[2]}/kernel"
    module.arrays[path] = np.roll(module.arrays[path], embedding, axis=0)


def _statistics(module: TorchModule, name: str, keras_name: str) -> None:
    """Mean and variance at the last of the truncations, from 0 to 1."""
    module.arrays[f"{keras_name}/moving_mean"] = module.read(f"{name}.running_means")[-1]
    module.arrays[f"{keras_name}/moving_variance"] = module.read(f"{name}.running_vars")[-1]
