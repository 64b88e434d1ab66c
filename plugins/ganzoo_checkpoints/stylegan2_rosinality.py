"""StyleGAN2 of https://github.com/rosinality/stylegan2-pytorch: `550000.pt`."""

from ganzoo.files.foreign import Conversion

from .stylegan2_arrays import Names, average_style, conversion, styled_conv, styled_convs, to_rgb
from .torch_module import OtherLayout, TorchModule, Weights, converter

_NAMES = Names(
    kernel="conv.weight", style="conv.modulation", bias="activate.bias", strength="noise.weight"
)


@converter
def stylegan2_rosinality(weights: Weights) -> Conversion:
    """The averaged generator."""
    module = TorchModule(
        weights, "input.input", "style.1.weight", "to_rgb1.bias", "conv1.conv.weight"
    )
    count = 0
    while f"to_rgbs.{count}.bias" in module:
        count += 1
    size = 4 << count
    for i, (keras_name, r) in enumerate(styled_convs(size)):
        name = f"convs.{i - 1}" if i else "conv1"
        styled_conv(module, _NAMES, name, f"noises.noise_{i}", keras_name)
        if i % 2 == 0:
            name = f"to_rgbs.{i // 2 - 1}" if i else "to_rgb1"
            to_rgb(module, _NAMES, name, "bias", f"image_{r}")
    module.arrays["constant/map"] = module.read("input.input")[0].transpose(1, 2, 0)
    i = 1
    while f"style.{i}.weight" in module:
        module.layer(f"style.{i}", f"map_{i}")
        i += 1
    latent_size, _ = module.arrays["map_1/kernel"].shape
    known = "latent_avg" in weights
    mean = weights["latent_avg"].read() if known else average_style(module.arrays, latent_size)
    if mean.shape != (latent_size,):
        raise OtherLayout
    module.arrays["average_style/mean"] = mean.astype("float32")
    return conversion(
        module,
        size,
        [name for name in module if name.endswith(("blur.kernel", "upsample.kernel"))],
        found="generator of rosinality's StyleGAN2",
        license_note=(
            "The code is under MIT; what comes from NVIDIA, weights too, is under its license."
        ),
        architecture="stylegan2",
        options={"latent_size": latent_size},
        dropped=("The generator that is not averaged, the discriminator and their optimizers.",),
        inexact=()
        if known
        else (
            "The average style, for truncation, is not in the file: it is that of 4,096 latents.",
        ),
    )
