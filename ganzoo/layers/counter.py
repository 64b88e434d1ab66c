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
from typing import Any

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
    return x * (1 << bits) | _of(x).right_shift(x, 32 - bits) & ((1 << bits) - 1)


def _of(x: Tensor) -> Any:
    """The module whose functions take such a tensor, or NumPy array."""
    return np if isinstance(x, np.ndarray) else ops


@backend.one_kernel
def threefry(key: Sequence[Tensor], counter: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Threefry-2x32-20 in wrapping int32 arithmetic.

    Args:
        key: Two int32 tensors, or NumPy arrays.
        counter: Two of one shape.

    Returns:
        Two of that shape: 64 random bits per counter.
    """
    keys = (*key, key[0] ^ key[1] ^ _PARITY)
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    for group in range(5):
        for bits in _ROTATIONS[group % 2]:
            x = x + y
            y = _rotate(y, bits) ^ x
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + (group + 1)
    return x, y


def random_bits(key: Sequence[Tensor], step: Tensor, count: int) -> Tensor:
    """Uniform bits, int32: word i is a function of the key, the step and i alone.

    Args:
        key: Two int32 tensors, scalars or of the shape of `step`.
        step: int32, any shape.
        count: How many per step; an integer, which on TensorFlow may be a tensor.

    Returns:
        Shape `(*step.shape, count)`.
    """
    return ops.convert_to_tensor(_random_words(key, step, count))


def _random_words(key: Sequence[Tensor], step: Tensor, count: int) -> Tensor:
    """`random_bits`, as a NumPy array where that is faster."""
    *key, step = (x[..., None] for x in backend.host_arrays(*key, step, each=count))
    numbers = _of(step)
    index = numbers.arange(-(-count // 2), dtype="int32") + numbers.zeros_like(step)
    x, y = threefry(key, (step + numbers.zeros_like(index), index))
    return numbers.concatenate([x, y], axis=-1)[..., :count]


def uniform(key: Sequence[Tensor], step: Tensor, shape) -> Tensor:
    """Uniform in [0, 1): multiples of 2**-24, float32, of shape `(*step.shape, *shape)`."""
    bits = _random_words(key, step, math.prod(shape))
    bits = ops.convert_to_tensor(_of(bits).right_shift(bits, 8) & 0xFFFFFF)
    return backend.reshape(ops.cast(bits, "float32") * 2.0**-24, (*ops.shape(bits)[:-1], *shape))


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
    bits = _random_words(key, step, -(-size // 2))
    numbers, mask = _of(bits), (1 << _TABLE_BITS) - 1
    halves = [bits & mask, numbers.right_shift(bits, _TABLE_BITS) & mask]
    index = numbers.concatenate(halves, axis=-1)[..., :size]
    found = ops.convert_to_tensor(numbers.take(quantiles(truncation), index, axis=0))
    return backend.reshape(found, (*ops.shape(bits)[:-1], *shape))
