"""A pool of older fakes for the discriminator. Shrivastava et al. 2017,
https://arxiv.org/abs/1612.07828, section 2.3; of 50 pictures in CycleGAN, section 4.
"""

from collections.abc import Callable

from keras import ops


class ImagePool:
    """Keeps some of the pictures that it is given, and gives some of the older ones back.

    Until it is full it keeps every picture. Then each new one either is returned or, as often,
    takes the place of an older one, which is returned in its stead.

    Args:
        size: How many pictures it holds, at least 1. Of a batch of more, only so many are kept.
    """

    def __init__(self, size: int):
        self.size = size

    def build(self, name: str, image_shape: tuple[int, ...], add_weight: Callable) -> None:
        """Make its state, by `add_weight` of the GAN, so that checkpoints hold it."""
        own = {"initializer": "zeros", "trainable": False, "autocast": False}
        shape = (self.size, *image_shape)
        self.pictures = add_weight(name=f"{name}_pictures", shape=shape, dtype="float32", **own)
        self.count = add_weight(name=f"{name}_count", shape=(), dtype="int32", **own)

    def exchange(self, new, rng):
        """Keep some of the new pictures and return as many as came.

        A batch takes places that follow each other, from a random one on, so that no two of its
        pictures want the same one.

        Args:
            new: (batch, height, width, channels).
            rng: Random numbers of this update, of this pool alone.
        """
        batch, size = ops.shape(new)[0], self.size
        count, held = (ops.convert_to_tensor(v) for v in (self.count, self.pictures))
        free = size - count
        anywhere = ops.cast(rng.uniform("start", (1,))[0] * size, "int32")
        start = ops.where(free > 0, count, anywhere)
        row = ops.arange(batch, dtype="int32")
        added = row < free
        swapped = ops.logical_and(ops.logical_not(added), rng.uniform("swap", (batch,)) < 0.5)
        older = ops.take(held, (start + row) % size, axis=0)
        shown = ops.where(_for_pictures(swapped), older, new)
        # which row of the batch each place of the pool may take
        comes = (ops.arange(size, dtype="int32") - start) % size
        inside = ops.minimum(comes, batch - 1)
        taken = ops.logical_and(comes < batch, ops.take(ops.logical_or(added, swapped), inside))
        replaced = ops.take(new, inside, axis=0)
        self.pictures.assign(ops.where(_for_pictures(taken), replaced, held))
        self.count.assign(ops.minimum(count + batch, size))
        return shown


def _for_pictures(chosen):
    """(n,) -> (n, 1, 1, 1)"""
    return ops.reshape(chosen, (-1, 1, 1, 1))
