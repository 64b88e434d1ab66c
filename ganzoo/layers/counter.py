"""Counter-based random numbers in plain int32 arithmetic: the same bits on every backend.

`random_bits` is Threefry-2x32 with 20 rounds. Salmon et al. 2011, "Parallel random numbers: as easy
as 1, 2, 3", section 4.3. `uniform` and `normal` read numbers from its 32-bit words.

Normal numbers are read from a table of 65,536 quantiles, 16 bits each: the same float on
every backend, where a logarithm or a cosine would differ in its last bits. (The largest is
4.32 standard deviations; the variance is 1 to four digits.)
"""

import functools
import math
import statistics
from collections.abc import Sequence

import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # table 4, Threefry-2x32
_PARITY = 0x1BD11BDA  # section 3.3: makes an all-zero key harmless
_TABLE_BITS = 16


# Below, operators stand for `keras.ops` wherever every backend has them: on torch, which runs
# eagerly, that takes half the time. The product is a shift, and wraps like one.
def _rotate(x: Tensor, bits: int) -> Tensor:
    # int32 shifts to the right copy the sign; the mask clears it
    right_shift = np.right_shift if isinstance(x, np.ndarray) else ops.right_shift
    return x * (1 << bits) | right_shift(x, 32 - bits) & ((1 << bits) - 1)


def threefry(key: Sequence[Tensor], counter: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Threefry-2x32-20 in wrapping int32 arithmetic.

    Args:
        key: Two int32 tensors.
        counter: Two int32 tensors of one shape.

    Returns:
        Two int32 tensors of that shape: 64 random bits per counter.
    """
    *key, x, y = backend.host_arrays(*key, *counter)
    keys = (*key, key[0] ^ key[1] ^ _PARITY)
    x, y = x + keys[0], y + keys[1]
    for group in range(5):
        for bits in _ROTATIONS[group % 2]:
            x = x + y
            y = _rotate(y, bits) ^ x
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + (group + 1)
    return ops.convert_to_tensor(x), ops.convert_to_tensor(y)


def random_bits(key: Sequence[Tensor], step: Tensor, count: int) -> Tensor:
    """Uniform bits, int32: word i is a function of the key, the step and i alone.

    Args:
        key: Two int32 tensors, scalars or of the shape of `step`.
        step: int32, any shape.
        count: How many per step; an integer, which on TensorFlow may be a tensor.

    Returns:
        Shape `(*step.shape, count)`.
    """
    step = step[..., None]
    index = ops.arange(-(-count // 2), dtype="int32") + ops.zeros_like(step)
    key = [part[..., None] for part in key]
    x, y = threefry(key, (step + ops.zeros_like(index), index))
    return ops.concatenate([x, y], axis=-1)[..., :count]


def uniform(key: Sequence[Tensor], step: Tensor, shape) -> Tensor:
    """Uniform in [0, 1): multiples of 2**-24, float32, of shape `(*step.shape, *shape)`."""
    bits = random_bits(key, step, math.prod(shape))
    bits = ops.bitwise_and(ops.right_shift(bits, 8), 0xFFFFFF)
    return ops.reshape(ops.cast(bits, "float32") * 2.0**-24, (*ops.shape(bits)[:-1], *shape))


@functools.cache
def quantiles(bound: float = math.inf) -> np.ndarray:
    """Quantiles at the midpoints of 65,536 equal parts: of the standard normal distribution
    between -bound and bound.
    """
    count = 1 << (_TABLE_BITS - 1)
    normal = statistics.NormalDist()
    inside = 2 * normal.cdf(bound) - 1
    upper = np.array([normal.inv_cdf(0.5 + inside * (i + 0.5) / (2 * count)) for i in range(count)])
    return np.concatenate([-upper[::-1], upper]).astype("float32")


def normal(key: Sequence[Tensor], step: Tensor, shape, *, truncation: float = math.inf) -> Tensor:
    """Standard normal, float32, of shape `(*step.shape, *shape)`; two numbers per word.

    Args:
        key: Two int32 tensors, scalars or of the shape of `step`.
        step: int32, any shape.
        shape: The shape for one step.
        truncation: Where the distribution is cut off, in standard deviations.
    """
    size = math.prod(shape)
    bits = random_bits(key, step, -(-size // 2))
    mask = (1 << _TABLE_BITS) - 1
    low = ops.bitwise_and(bits, mask)
    high = ops.bitwise_and(ops.right_shift(bits, _TABLE_BITS), mask)
    index = ops.concatenate([low, high], axis=-1)[..., :size]
    numbers = ops.take(ops.convert_to_tensor(quantiles(truncation)), index, axis=0)
    return ops.reshape(numbers, (*ops.shape(bits)[:-1], *shape))
