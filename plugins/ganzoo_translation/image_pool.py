"""A pool of older fake images for the discriminator. Shrivastava et al. 2017,
https://arxiv.org/abs/1612.07828, section 2.3; of 50 images in CycleGAN, section 4.
"""

from collections.abc import Callable

from keras import ops

from ganzoo.backend import Tensor, devices


class ImagePool:
    """Keeps some of the new images and returns some of the older ones in their stead.

    Until it is full it keeps every image. Then each new one either is returned or, with
    probability 1/2, replaces an older one, which is returned in its stead.

    Args:
        size: Number of images kept, at least 1. Of a larger batch only so many are kept.
    """

    def __init__(self, size: int):
        self.size = size

    def build(self, name: str, image_shape: tuple[int, ...], add_weight: Callable) -> None:
        """Make its state, by `add_weight` of the GAN, so that checkpoints hold it."""
        own = {"initializer": "zeros", "trainable": False, "autocast": False}
        shape = (self.size, *image_shape)
        self.images = add_weight(name=f"{name}_pictures", shape=shape, dtype="float32", **own)
        self.count = add_weight(name=f"{name}_count", shape=(), dtype="int32", **own)

    def exchange(self, new: Tensor, rng) -> Tensor:
        """Keep some of the new images and return as many images as came.

        A batch takes slots that follow each other, from a random one on, so that no two of its
        images take the same one.

        Args:
            new: (batch, height, width, channels).
            rng: Random numbers of this update, of this pool alone.
        """
        new = devices.whole(new)  # every device keeps the same pool
        batch, size = ops.shape(new)[0], self.size
        count, kept = (ops.convert_to_tensor(v) for v in (self.count, self.images))
        free = size - count
        random_slot = ops.cast(rng.uniform("start", (1,), batch_axis=None)[0] * size, "int32")
        start = ops.where(free > 0, count, random_slot)
        row = ops.arange(batch, dtype="int32")
        added = row < free
        swaps = rng.uniform("swap", (batch,), batch_axis=None) < 0.5
        swapped = ops.logical_and(ops.logical_not(added), swaps)
        older = ops.take(kept, (start + row) % size, axis=0)
        returned = ops.where(_expand(swapped), older, new)
        # the row of the batch for which each slot of the pool is
        row_of_slot = (ops.arange(size, dtype="int32") - start) % size
        clipped = ops.minimum(row_of_slot, batch - 1)
        taken = ops.take(ops.logical_or(added, swapped), clipped)
        taken = ops.logical_and(row_of_slot < batch, taken)
        self.images.assign(ops.where(_expand(taken), ops.take(new, clipped, axis=0), kept))
        self.count.assign(ops.minimum(count + batch, size))
        return devices.own(returned)


def _expand(chosen: Tensor) -> Tensor:
    """(n,) -> (n, 1, 1, 1)"""
    return ops.reshape(chosen, (-1, 1, 1, 1))
