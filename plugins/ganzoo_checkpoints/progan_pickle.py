"""ProGAN of https://github.com/tkarras/progressive_growing_of_gans:
`network-snapshot-011486.pkl`, of TensorFlow.
"""

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, Weights, converter, first_layer

_OPTIONS = ("normalize_latents", "use_wscale", "use_pixelnorm", "use_leakyrelu")  # all on


@converter
def progan_pickle(weights: Weights) -> Conversion:
    """The averaged generator, the third of the networks in the file."""
    module = TorchModule(weights, "4x4/Dense/weight", "4x4/Conv/weight", "ToRGB_lod0/weight")
    known = {n.rpartition(".")[2]: v for n, v in weights.metadata.items() if n.startswith("2.")}
    if known.get("label_size") or not all(known.get(name, True) for name in _OPTIONS):
        raise OtherLayout
    arrays, level = module.arrays, 0
    while f"ToRGB_lod{level + 1}/weight" in module:
        level += 1
    size = 4 << level
    # (latent, c h w) -> (latent, h w c), and one bias for each channel
    arrays["project/kernel"] = first_layer(module.read("4x4/Dense/weight").T)
    arrays["project/bias"] = np.tile(module.read("4x4/Dense/bias"), 16)
    _conv(module, "4x4/Conv", "conv_4")
    for i in range(level + 1):
        r = 4 << i
        _conv(module, f"ToRGB_lod{level - i}", f"image_{r}")
        if i:
            _conv(module, f"{r}x{r}/Conv0", f"conv_{r}_1")
            _conv(module, f"{r}x{r}/Conv1", f"conv_{r}_2")
    module.drop()
    arrays["growth/level"] = np.array(level - float(known.get("lod", 0)), np.float32)
    channels = {4 << i: arrays[f"image_{4 << i}/kernel"].shape[2] for i in range(level + 1)}
    largest, base = max(channels.values()), channels[size] * size
    if channels != {r: min(base // r, largest) for r in channels}:
        raise OtherLayout
    latent_size, _ = arrays["project/kernel"].shape
    options = {"latent_size": latent_size, "fmap_base": base, "max_channels": largest}
    return Conversion(
        found="generator of progressive_growing_of_gans",
        license_note="The README puts all material, networks included, under CC-BY-NC-4.0.",
        architecture="progan",
        options={**options, "fused_downsample": True},
        image_shape=(size, size, arrays["image_4/kernel"].shape[-1]),
        arrays=arrays,
        dropped=("The generator that is not averaged, and the discriminator.",),
    )


def _conv(module: TorchModule, name: str, keras_name: str) -> None:
    """A convolution, or one with upsampling, whose kernel is that of its transpose."""
    up = f"{name}_up"
    if f"{up}/weight" in module:
        kernel = module.read(f"{up}/weight")[::-1, ::-1].transpose(0, 1, 3, 2)
        name = up
    else:
        kernel = module.read(f"{name}/weight")
    module.arrays[f"{keras_name}/kernel"] = kernel
    module.arrays[f"{keras_name}/bias"] = module.read(f"{name}/bias")
