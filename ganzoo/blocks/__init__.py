"""Parts of networks that several papers share, for the zoo's architectures and for yours.

Functions over symbolic Keras tensors, channels last. Whatever owns weights gets the name that
is passed in, since names of layers become names of arrays in a weights file.
"""

from ganzoo.blocks.batch_norm import batch_norm
from ganzoo.blocks.dcgan_stacks import (
    dcgan_batch_norm,
    dcgan_discriminator_body,
    dcgan_generator_body,
)
from ganzoo.blocks.equalized import equalized_conv, equalized_discriminator_head
from ganzoo.blocks.initializers import normal_initializer
from ganzoo.blocks.label_rows import label_rows
from ganzoo.blocks.option_checks import check_minimum
from ganzoo.blocks.patchgan import patchgan, patchgan_downsamples
from ganzoo.blocks.perceptual import feature_maps, perceptual_distance
from ganzoo.blocks.projection import projection_discriminator
from ganzoo.blocks.residual import (
    residual_block,
    residual_discriminator,
    residual_generator,
    residual_generator_body,
    residual_upsampling_block,
)
from ganzoo.blocks.resolutions import (
    channels_by_resolution,
    check_multiples_of_4,
    downsampled_size,
    max_downsamples,
    powers_of_two,
    resolutions,
    shape_at,
)

__all__ = [
    "batch_norm", "channels_by_resolution", "check_minimum", "check_multiples_of_4",
    "dcgan_batch_norm", "dcgan_discriminator_body", "dcgan_generator_body", "downsampled_size",
    "equalized_conv", "equalized_discriminator_head", "feature_maps", "label_rows",
    "max_downsamples", "normal_initializer", "patchgan", "patchgan_downsamples",
    "perceptual_distance", "powers_of_two", "projection_discriminator", "residual_block",
    "residual_discriminator", "residual_generator", "residual_generator_body",
    "residual_upsampling_block", "resolutions", "shape_at",
]  # fmt: skip
