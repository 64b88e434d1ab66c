"""Consistency regularization (CR) of the discriminator."""

from keras import ops

from ganzoo.backend import Tensor
from ganzoo.config.contracts import DiscriminatorUpdate
from ganzoo.gan.random import Rng
from ganzoo.gan.regularizers.augmentation import check_images
from ganzoo.gan.regularizers.pixels import (
    eighth_of_side,
    gather_pixels,
    random_shift,
    reflect_index,
)


def consistency(update: DiscriminatorUpdate, discriminate, rng: Rng) -> Tensor:
    """The same logit for an image when it is flipped and shifted. Zhang et al. 2020 (CR),
    https://arxiv.org/abs/1910.12027, equation 5; their weight is 10.

    They shift by a few pixels; here it is up to an eighth of a side, at least one pixel, and
    what comes in at the edge is the image's mirror image, and both images are augmented alike.

    Raises:
        UsageError: the samples are not images.
    """
    real = update.real
    height, width, _ = check_images(real, "The penalty consistency")
    numbers = rng.uniform("transform", (3, ops.shape(real)[0], 1), batch_axis=1)
    flip, down, right = ops.unstack(numbers, 3)
    rows = ops.arange(height) - random_shift(
        down, max(eighth_of_side(height), 1)
    )  # (batch, height)
    columns = ops.arange(width) - random_shift(right, max(eighth_of_side(width), 1))
    columns = ops.where(flip < 0.5, width - 1 - columns, columns)
    moved = gather_pixels(real, reflect_index(rows, height), reflect_index(columns, width))
    return ops.square(discriminate(real) - discriminate(moved))
