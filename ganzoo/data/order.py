"""Order of the data: a pure function of seed, epoch and size, with no state to save.

Threefry-2x32-20 in numpy, Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3",
section 4.3, https://doi.org/10.1145/2063384.2063405. An epoch's order sorts the 64-bit words
that the generator gives for (epoch, row) under the key (seed, stream), so it is the same on
every machine, backend and version of numpy, and a position is one integer: the step.
"""

import functools

import numpy as np
from numpy.typing import ArrayLike

from ganzoo.errors import UsageError

# Streams: no other draw under the same seed may share these.
ORDER_STREAM = 1 << 20
POINTS_STREAM = ORDER_STREAM + 1
VIDEOS_STREAM = ORDER_STREAM + 2

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # table 4, Threefry-2x32
_PARITY = 0x1BD11BDA  # section 3.3: makes an all-zero key harmless
_LIMIT = 1 << 32


def threefry(
    key0: ArrayLike, key1: ArrayLike, counter0: ArrayLike, counter1: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return the random bits of Threefry-2x32 with 20 rounds.

    Args:
        key0: First word of the key: integers in [0, 2**32), scalar or array.
        key1: Second word of the key.
        counter0: First word of the counter.
        counter1: Second word of the counter; all four broadcast together.

    Returns:
        Two uint32 arrays of the broadcast shape: 64 random bits per counter.
    """
    k0, k1, x, y = np.broadcast_arrays(
        *(np.asarray(word, dtype=np.uint32) for word in (key0, key1, counter0, counter1))
    )
    keys = (k0, k1, k0 ^ k1 ^ np.uint32(_PARITY))
    with np.errstate(over="ignore"):  # arithmetic modulo 2**32 is the point
        x, y = x + k0, y + k1
        for group in range(5):
            for bits in _ROTATIONS[group % 2]:
                x = x + y
                y = (y << np.uint32(bits) | y >> np.uint32(32 - bits)) ^ x
            x = x + keys[(group + 1) % 3]
            y = y + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


def permutation(n: int, seed: int, epoch: int) -> np.ndarray:
    """Return the order of `n` rows in one epoch.

    Args:
        n: Number of rows, in [1, 2**32].
        seed: In [0, 2**32).
        epoch: In [0, 2**32).

    Returns:
        int64 array (n,) with every integer of [0, n) once.
    """
    _check("n", n, 1, _LIMIT + 1)
    _check("seed", seed, 0, _LIMIT)
    _check("epoch", epoch, 0, _LIMIT)
    high, low = threefry(seed, ORDER_STREAM, epoch, np.arange(n, dtype=np.uint32))
    words = high.astype(np.uint64) << np.uint64(32) | low
    # stable: equal words keep the order of their rows, everywhere
    return np.argsort(words, kind="stable").astype(np.int64, copy=False)


@functools.lru_cache(maxsize=2)
def _epoch_order(n: int, seed: int, epoch: int) -> np.ndarray:
    order = permutation(n, seed, epoch)
    order.flags.writeable = False  # it is shared by all who ask for this epoch
    return order


def rows_of_step(step: int, *, n: int, per_step: int, seed: int) -> np.ndarray:
    """Return the rows that one step reads. Left-over rows at the end of an epoch are dropped.

    Args:
        step: Number of the step since the start of the training, from 0.
        n: Number of rows of the data set.
        per_step: Rows that a step uses: batch times `n_critic`.
        seed: Seed of the training.

    Returns:
        Read-only int64 array (per_step,) of row numbers.

    Raises:
        UsageError: The data set is smaller than one step.
    """
    _check("step", step, 0, None)
    _check("per_step", per_step, 1, None)
    if per_step > n:
        raise UsageError(
            f"A step needs {per_step:,} images (batch x n_critic), more than the data set has."
            f" Received: {n:,} images.",
            hint=f"Use a batch for which batch x n_critic is at most {n:,}.",
        )
    epoch, index = divmod(step, n // per_step)
    return _epoch_order(n, seed, epoch)[index * per_step : (index + 1) * per_step]


def _check(name: str, value: int, low: int, high: int | None) -> None:
    if value < low or (high is not None and value >= high):
        bound = f"at least {low}" if high is None else f"in [{low}, {high})"
        raise UsageError(f"{name} must be an integer {bound}. Received: {name}={value!r}.")
