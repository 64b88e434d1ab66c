"""U-Net of https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix: `latest_net_G.pth`."""

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import TorchModule, Weights, converter, kernel

_OUTER, _INNER = "model.model.1.model.", "3.model."  # what leads one level further in


@converter
def junyanz_unet(weights: Weights) -> Conversion:
    """The generator of pix2pix, of 256x256 images or others, with batch norm."""
    module = TorchModule(weights, "model.model.0.weight", "model.model.3.bias", f"{_OUTER}1.weight")
    levels = [_OUTER]  # but the outermost
    while f"{levels[-1]}{_INNER}1.weight" in module:
        levels.append(levels[-1] + _INNER)
    *others, innermost = levels
    base, inputs, *_ = module.shape("model.model.0.weight", 4)
    size = 2 << len(levels)
    module.layer("model.model.0", f"down_{size // 2}", bias=False)
    for i, level in enumerate(others):
        r = size >> (i + 2)
        module.layer(f"{level}1", f"down_{r}", bias=False)
        _norm(module, f"{level}2", f"down_{r}_norm")
        module.arrays[f"up_{2 * r}/kernel"] = _decoder_first(module, f"{level}5")
        _norm(module, f"{level}6", f"up_{2 * r}_norm")
    module.layer(f"{innermost}1", "down_1", bias=False)
    module.layer(f"{innermost}3", "up_2", bias=False)
    _norm(module, f"{innermost}4", "up_2_norm")
    module.arrays["up_image/kernel"] = _decoder_first(module, "model.model.3")
    module.arrays["up_image/bias"] = module.read("model.model.3.bias")
    module.drop("running_mean", "running_var")
    channels = {"generator_base_channels": base}
    channels["generator_max_channels"] = module.arrays["down_1/kernel"].shape[-1]
    return Conversion(
        found="U-Net generator of pytorch-CycleGAN-and-pix2pix",
        license_note=(
            "The code is under BSD-2-Clause; published models carry no statement of their own."
        ),
        architecture="pix2pix",
        options={**channels, "dropout": 0.0},
        image_shape=(size, size, len(module.arrays["up_image/bias"])),
        source_shape=(size, size, inputs),
        arrays=module.arrays,
        dropped=(
            "Running statistics: each image is normalized by its own, as in its authors' test.",
        ),
        inexact=("Dropout is off; its authors leave it on in their test.",),
    )


def _norm(module: TorchModule, name: str, keras_name: str) -> None:
    module.arrays[f"{keras_name}/gamma"] = module.read(f"{name}.weight")
    module.arrays[f"{keras_name}/beta"] = module.read(f"{name}.bias")


def _decoder_first(module: TorchModule, name: str) -> np.ndarray:
    """A kernel whose inputs are (encoder, decoder) there, and (decoder, encoder) in ganzoo."""
    array = kernel(module.read(f"{name}.weight"))
    return np.roll(array, array.shape[-1] // 2, axis=-1)
