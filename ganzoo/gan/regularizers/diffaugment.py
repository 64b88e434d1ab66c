"""Differentiable augmentation. Zhao et al. 2020, https://arxiv.org/abs/2006.10738, section 3."""

from collections.abc import Sequence

from keras import ops

from ganzoo.gan.random import Rng
from ganzoo.gan.regularizers.augmentation import Augmentation, check_images
from ganzoo.gan.regularizers.pixels import eighth_of_side, gather_pixels, random_shift

# Each takes images in [-1, 1] and random numbers, and transforms every image.


def color(x, rng: Rng):
    """Brightness, saturation and contrast. Section 3: within [-0.5, 0.5], [0, 2], [0.5, 1.5]."""
    brightness, saturation, contrast = ops.unstack(
        rng.uniform("color", (3, ops.shape(x)[0], 1, 1, 1), batch_axis=1), 3
    )
    x = x + (brightness - 0.5)
    if x.shape[-1] > 1:  # a gray image has no saturation
        gray = ops.mean(x, axis=3, keepdims=True)
        x = gray + 2.0 * saturation * (x - gray)
    mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
    return mean + (contrast + 0.5) * (x - mean)


def translation(x, rng: Rng):
    """A shift of up to an eighth of each side, gray where nothing comes from. Section 3."""
    height, width = x.shape[1:3]
    numbers = rng.uniform("translation", (2, ops.shape(x)[0], 1), batch_axis=1)
    down, right = ops.unstack(numbers, 2)
    rows = ops.arange(height) - random_shift(down, eighth_of_side(height))  # (batch, height)
    columns = ops.arange(width) - random_shift(right, eighth_of_side(width))
    return gather_pixels(x, rows, columns)


def cutout(x, rng: Rng):
    """A gray square of half the sides, around any pixel. Section 3."""
    numbers = ops.unstack(rng.uniform("cutout", (2, ops.shape(x)[0], 1), batch_axis=1), 2)
    inside = []  # for rows and for columns: (batch, size)
    for number, size in zip(numbers, x.shape[1:3], strict=True):
        side = (size + 1) // 2
        centers = size + 1 - side % 2  # of an even side they lie between pixels
        first = ops.cast(ops.floor(number * centers), "int32") - side // 2
        index = ops.arange(size)
        inside.append(ops.logical_and(index >= first, index < first + side))
    rows, columns = inside
    hole = ops.logical_and(rows[:, :, None], columns[:, None, :])
    return ops.where(hole[..., None], 0.0, x)


TRANSFORMS = {"color": color, "translation": translation, "cutout": cutout}


class DiffAugment(Augmentation):
    """The same few transforms for every image, with random numbers of its own each.

    Args:
        policy: Some of "color", "translation" and "cutout", applied in this order.
    """

    name = "diffaugment"

    def __init__(self, policy: Sequence[str] = ("color", "translation", "cutout")):
        self.policy = tuple(policy)

    def augment(self, images, rng: Rng):
        check_images(images, "DiffAugment")
        x = self._center(images)
        for name in self.policy:
            x = TRANSFORMS[name](x, rng)
        return self._restore(x)
