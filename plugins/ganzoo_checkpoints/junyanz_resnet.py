"""ResNet of https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix: `latest_net_G.pth`,
`latest_net_G_A.pth`.
"""

from itertools import count, takewhile

import numpy as np

from ganzoo.files.foreign import Conversion

from .torch_module import OtherLayout, TorchModule, Weights, converter

_FIRST_BLOCK = 10


@converter
def junyanz_resnet(weights: Weights) -> Conversion:
    """One generator of CycleGAN, with instance norm and without dropout."""
    module = TorchModule(weights, "model.1.weight", "model.4.weight", "model.7.weight")
    indices = count(_FIRST_BLOCK)
    blocks = list(takewhile(lambda i: f"model.{i}.conv_block.1.weight" in module, indices))
    base, channels, *_ = module.shape("model.1.weight", 4)
    after = _FIRST_BLOCK + len(blocks)
    names = {"model.1": "enter", "model.4": "down_0", "model.7": "down_1"}
    for i, n in enumerate(blocks):
        names[f"model.{n}.conv_block.1"] = f"block_{i}_first"
        names[f"model.{n}.conv_block.5"] = f"block_{i}_last"
    names |= {f"model.{after}": "up_0", f"model.{after + 3}": "up_1"}
    for name, keras_name in names.items():
        module.layer(name, f"there_{keras_name}", bias=False)
    module.layer(f"model.{after + 7}", "there_image")
    module.drop(".bias", "running_mean", "running_var")
    if len(module.arrays["there_image/bias"]) != channels:
        raise OtherLayout  # cyclegan's images have as many channels in both domains
    inverse = {n.replace("there", "back", 1): np.zeros_like(a) for n, a in module.arrays.items()}
    size = 256 if len(blocks) >= 9 else 128  # as its authors train them
    return Conversion(
        found="ResNet generator of pytorch-CycleGAN-and-pix2pix",
        license_note=(
            "The code is under BSD-2-Clause; published models carry no statement of their own."
        ),
        architecture="cyclegan",
        options={"generator_base_channels": base, "num_residual_blocks": len(blocks)},
        image_shape=(size, size, channels),
        source_shape=(size, size, channels),
        arrays=module.arrays | inverse,
        dropped=("Biases before instance norm, which removes them.",),
        inexact=(
            "The other direction is not in the file: that generator is zero.",
            f"The size is not in the file: {size}x{size}, unless --image-shape gives another.",
        ),
    )
