"""SNGAN of https://github.com/POSTECH-CVLab/PyTorch-StudioGAN:
`model=G_ema-best-weights-step=100000.pth`.
"""

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import TorchModule, Weights, converter, first_layer

_EPSILON = np.float32(1e-4 - 1e-5)  # of their batch norm, more than ganzoo's; in the variance here


@converter
def studiogan_sngan(weights: Weights) -> Conversion:
    """The residual generator without attention and spectral norm, with or without classes."""
    module = TorchModule(weights, "linear0.weight", "blocks.0.0.conv2d0.weight", "bn4.weight")
    units, latent_size = module.shape("linear0.weight", 2)
    module.arrays["project/kernel"] = first_layer(module.read("linear0.weight"))
    module.arrays["project/bias"] = first_layer(module.read("linear0.bias"))
    conditional = "blocks.0.0.bn1.gain.weight" in module
    classes = module.shape("blocks.0.0.bn1.gain.weight", 2)[1] if conditional else 0
    i = 0
    while f"blocks.{i}.0.conv2d0.weight" in module:
        block, name = f"blocks.{i}.0", f"up_{8 << i}"
        module.layer(f"{block}.conv2d0", f"{name}_shortcut")
        for n in (1, 2):
            module.layer(f"{block}.conv2d{n}", f"{name}_conv_{n}")
            norm = _conditional_norm if conditional else _norm
            norm(module, f"{block}.bn{n}", f"{name}_norm_{n}")
        i += 1
    _norm(module, "bn4", "image_norm")
    module.layer("conv2d5", "image_conv")
    module.drop()
    size, (*_, last, channels) = 4 << i, module.arrays["image_conv/kernel"].shape
    options = {"generator_base_channels": last, "generator_max_channels": units // 16}
    return Conversion(
        found="generator of PyTorch-StudioGAN's SNGAN",
        architecture="sngan-projection" if conditional else "sngan",
        options={**options, "latent_size": latent_size},
        image_shape=(size, size, channels),
        classes=classes,
        arrays=module.arrays,
    )


def _norm(module: TorchModule, name: str, keras_name: str) -> None:
    module.batch_norm(name, keras_name)
    module.arrays[f"{keras_name}/moving_variance"] += _EPSILON


def _conditional_norm(module: TorchModule, name: str, keras_name: str) -> None:
    """Linear layers of one-hot labels are tables (classes, c)."""
    module.arrays[f"{keras_name}/gamma"] = 1 + module.read(f"{name}.gain.weight").T
    module.arrays[f"{keras_name}/beta"] = module.read(f"{name}.bias.weight").T
    module.arrays[f"{keras_name}/norm/moving_mean"] = module.read(f"{name}.bn.running_mean")
    variance = module.read(f"{name}.bn.running_var") + _EPSILON
    module.arrays[f"{keras_name}/norm/moving_variance"] = variance
