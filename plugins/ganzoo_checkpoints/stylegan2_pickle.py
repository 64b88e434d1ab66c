"""StyleGAN2 of https://github.com/NVlabs/stylegan2-ada-pytorch and of
https://github.com/NVlabs/stylegan3: `network-snapshot-025000.pkl`.
"""

from ganzoo.files.foreign import Conversion

from .stylegan2_arrays import Names, conversion, styled_conv, styled_convs, to_rgb
from .torch_module import OtherLayout, TorchModule, Weights, converter

_NAMES = Names(kernel="weight", style="affine", bias="bias", strength="noise_strength")


@converter
def stylegan2_pickle(weights: Weights) -> Conversion:
    """The averaged generator, with or without classes."""
    module = TorchModule(weights, "synthesis.b4.const", "mapping.fc0.weight", "mapping.w_avg")
    size = 4
    while f"synthesis.b{2 * size}.conv0.weight" in module:
        size *= 2
    for keras_name, r in styled_convs(size):
        name = f"synthesis.b{r}.conv{0 if keras_name.endswith('_1') else 1}"
        styled_conv(module, _NAMES, name, f"{name}.noise_const", keras_name)
        if not keras_name.endswith("_1"):
            to_rgb(module, _NAMES, f"synthesis.b{r}.torgb", "bias", f"image_{r}")
    module.arrays["constant/map"] = module.read("synthesis.b4.const").transpose(1, 2, 0)
    module.arrays["average_style/mean"] = module.read("mapping.w_avg")
    i = 0
    while f"mapping.fc{i}.weight" in module:
        module.layer(f"mapping.fc{i}", f"map_{i + 1}")
        i += 1
    classes, latent_size = 0, module.shape("mapping.fc0.weight", 2)[1]
    if "mapping.embed.weight" in module:
        classes, embedding = module.layer("mapping.embed", "embed")
        latent_size -= embedding
    if latent_size < 1:
        raise OtherLayout
    return conversion(
        module,
        size,
        [name for name in module if name.endswith("resample_filter")],
        found="generator of NVIDIA's StyleGAN2 for PyTorch",
        license_note=(
            "The README puts this work under the Nvidia Source Code License, non-commercial."
        ),
        architecture="stylegan2-conditional" if classes else "stylegan2",
        classes=classes,
        options={"latent_size": latent_size},
        dropped=("The generator that is not averaged, and the discriminator.",),
        inexact=(
            "Numbers between the layers have no bounds here; there they may be kept within 256.",
        ),
    )
