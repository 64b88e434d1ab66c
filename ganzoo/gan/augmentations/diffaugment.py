"""Differentiable augmentation. Zhao et al. 2020, https://arxiv.org/abs/2006.10738, section 3."""

from collections.abc import Sequence

from keras import ops

from ganzoo.gan.augmentations.augmentation import Augmentation, checked_pictures, checked_policy
from ganzoo.gan.augmentations.pixels import eighth, picked, steps

# Each takes centerd images and random numbers, and does what it does to every image.


def color(x, draw):
    """Brightness, saturation and contrast. Section 3: within [-0.5, 0.5], [0, 2], [0.5, 1.5]."""
    brightness, saturation, contrast = ops.unstack(draw.uniform((3, ops.shape(x)[0], 1, 1, 1)), 3)
    x = x + (brightness - 0.5)
    if x.shape[-1] > 1:  # a gray picture has no saturation
        gray = ops.mean(x, axis=3, keepdims=True)
        x = gray + 2.0 * saturation * (x - gray)
    mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
    return mean + (contrast + 0.5) * (x - mean)


def translation(x, draw):
    """A shift of up to an eighth of each side, gray where nothing comes from. Section 3."""
    height, width = x.shape[1:3]
    down, right = ops.unstack(draw.uniform((2, ops.shape(x)[0], 1)), 2)
    rows = ops.arange(height) - steps(down, eighth(height))  # (batch, height)
    columns = ops.arange(width) - steps(right, eighth(width))
    return picked(x, rows, columns)


def cutout(x, draw):
    """A gray square of half the sides, around any pixel. Section 3."""
    numbers = ops.unstack(draw.uniform((2, ops.shape(x)[0], 1)), 2)
    inside = []  # for rows and for columns: (batch, size)
    for number, size in zip(numbers, x.shape[1:3], strict=True):
        side = max(size // 2, 1)
        first = ops.cast(ops.floor(number * size), "int32") - side // 2
        place = ops.arange(size)
        inside.append(ops.logical_and(place >= first, place < first + side))
    rows, columns = inside
    hole = ops.logical_and(rows[:, :, None], columns[:, None, :])
    return ops.where(hole[..., None], 0.0, x)


TRANSFORMS = {"color": color, "translation": translation, "cutout": cutout}


class DiffAugment(Augmentation):
    """The same few changes for every image, real or generated, with numbers of its own each.

    Args:
        policy: Some of "color", "translation" and "cutout"; done in this order.

    Raises:
        UnknownName: there is no such transform.
        UsageError: the policy is empty or names a transform twice.
    """

    def __init__(self, policy: Sequence[str] = ("color", "translation", "cutout")):
        self.policy = checked_policy(policy, tuple(TRANSFORMS))

    def __call__(self, images, draw):
        checked_pictures(images, "DiffAugment")
        x = self._centerd(images)
        for name in self.policy:
            x = TRANSFORMS[name](x, draw)
        return self._restored(x)
