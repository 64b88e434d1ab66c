"""SNGAN, WGAN-GP and cGAN-PD of https://github.com/kwotsin/mimicry: `netG_100000_steps.pth`."""

from functools import partial
from math import isqrt

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, Weights, converter, first_layer


@converter
def mimicry(weights: Weights) -> Conversion:
    """The residual generator, which doubles bilinearly, with or without classes."""
    module = TorchModule(weights, "l1.weight", "block2.c1.weight", "block2.c_sc.weight")
    channels = module.shape("block2.c1.weight", 4)[1]
    width = isqrt(module.shape("l1.weight", 2)[0] // max(channels, 1))
    start = 8 if width == 6 else 4  # 48x48 is 6x6 doubled, and 8 stands for it
    if width not in (4, 6):
        raise OtherLayout
    order = partial(first_layer, pixels=width**2)
    latent_size, _ = module.layer("l1", "project", order=order)
    conditional = "block2.b1.embed.weight" in module
    classes = module.shape("block2.b1.embed.weight", 2)[0] if conditional else 0
    i = 2
    while f"block{i}.c1.weight" in module:
        name = f"up_{start << (i - 1)}"
        module.layer(f"block{i}.c_sc", f"{name}_shortcut")
        for n in (1, 2):
            module.layer(f"block{i}.c{n}", f"{name}_conv_{n}")
            norm = _table_norm if conditional else TorchModule.batch_norm
            norm(module, f"block{i}.b{n}", f"{name}_norm_{n}")
        i += 1
    module.batch_norm(f"b{i}", "image_norm")
    last, image_channels = module.layer(f"c{i}", "image_conv")
    module.drop()
    size = width << (i - 2)
    options = {"generator_base_channels": last, "generator_max_channels": channels}
    options["start_resolution"] = start
    return Conversion(
        found=f"generator of mimicry's {'cGAN-PD' if conditional else 'SNGAN or WGAN-GP'}",
        license_note=(
            "The code is under MIT; its README links weights without naming another license."
        ),
        architecture="sngan-projection" if conditional else "sngan",
        options={**options, "latent_size": latent_size, "upsampling": "bilinear"},
        image_shape=(size, size, image_channels),
        classes=classes,
        arrays=module.arrays,
    )


def _table_norm(module: TorchModule, name: str, keras_name: str) -> None:
    """Batch norm of classes, whose one table (classes, 2 c) holds scales and offsets."""
    table = module.read(f"{name}.embed.weight")
    gamma, beta = table.reshape(len(table), 2, -1).transpose(1, 0, 2)
    module.arrays[f"{keras_name}/gamma"], module.arrays[f"{keras_name}/beta"] = gamma, beta
    module.statistics(f"{name}.bn", f"{keras_name}/norm")
