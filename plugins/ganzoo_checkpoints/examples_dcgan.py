"""DCGAN of https://github.com/pytorch/examples, dcgan: `netG_epoch_24.pth`."""

from itertools import count, takewhile

from ganzoo.files.foreign import Conversion

from .torch_module import TorchModule, Weights, converter, kernel


@converter
def examples_dcgan(weights: Weights) -> Conversion:
    """The generator of the DCGAN in PyTorch's examples, of 64x64 images or others."""
    module = TorchModule(weights, "main.0.weight", "main.1.running_mean", "main.3.weight")
    latent_size, channels, *_ = module.shape("main.0.weight", 4)
    blocks = takewhile(lambda i: f"main.{i}.weight" in module, count(3, 3))
    resolutions = {8 << i: n for i, n in enumerate(blocks)}
    size = max(resolutions)
    first = module.read("main.0.weight")  # (latent_size, c, 4, 4), of feature maps 1x1
    module.arrays["project/kernel"] = first.transpose(0, 2, 3, 1).reshape(latent_size, -1)
    module.batch_norm("main.1", "project_norm")
    for resolution, n in resolutions.items():
        module.arrays[f"up_{resolution}/kernel"] = kernel(module.read(f"main.{n}.weight"))
        if resolution < size:
            module.batch_norm(f"main.{n + 1}", f"up_{resolution}_norm")
    module.drop()
    options = {"latent_size": latent_size, "generator_base_channels": 8 * channels // size}
    return Conversion(
        found="generator of the DCGAN in PyTorch's examples",
        license_note="The code is under BSD-3-Clause; weights are those of whoever trained them.",
        architecture="dcgan",
        options=options,
        image_shape=(size, size, module.arrays[f"up_{size}/kernel"].shape[2]),
        arrays=module.arrays,
    )
