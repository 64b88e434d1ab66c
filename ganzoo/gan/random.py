"""Random numbers as functions: the same on every backend, with no hidden state.

Numbers of a step are those of the counter-based generator of `ganzoo/layers/counter.py` under the
key `(seed, stream)`. So a latent depends on nothing but the seed, the step and what it is for:
not on the backend, the device, the batch before it or the number of processes.
"""

import functools
import hashlib
import math
from collections.abc import Callable

import keras
from keras import ops

from ganzoo.backend import Tensor, devices
from ganzoo.layers import counter

SAMPLES = 2  # the stream of the latents of samples: those of training have streams by name


@functools.cache
def stream(*names: str | int) -> int:
    """The stream of a purpose: a number in [2**30, 2**31) that follows from its names."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return 1 << 30 | int.from_bytes(digest[:4]) >> 2


class Rng:
    """Random numbers of one step in named streams.

    What is drawn under one name does not depend on what else is drawn. A name stands for one
    draw: the same name gives the same numbers again.

    Args:
        seed: int32 scalar.
        step: int32 scalar.
        *names: Purposes that were folded in.
    """

    def __init__(self, seed: Tensor, step: Tensor, *names: str | int):
        self.seed, self.step, self.names = seed, step, names

    def fold_in(self, name: str | int) -> "Rng":
        """Return the random numbers of a part of this purpose, independent of all others."""
        return Rng(self.seed, self.step, *self.names, name)

    def uniform(self, name: str | int, shape, *, batch_axis: int | None = 0) -> Tensor:
        """Uniform in [0, 1), float32.

        Args:
            name: Name of the draw.
            shape: Its shape.
            batch_axis: The axis of the samples of a batch, of which each device has its own;
                None: all devices have the same numbers.
        """
        return self._rows(uniform, (name, "uniform"), shape, batch_axis)

    def normal(self, name: str | int, shape, *, batch_axis: int | None = 0) -> Tensor:
        """Standard normal, float32. Arguments as those of `uniform`."""
        return self._rows(normal, (name, "normal"), shape, batch_axis)

    def _rows(self, draw: Callable, names: tuple, shape, batch_axis: int | None) -> Tensor:
        number = stream(*self.names, *names)
        return devices.random_rows(
            lambda shape: draw(self.seed, self.step, number, shape), tuple(shape), batch_axis
        )


def random_bits(seed, step, stream, count: int) -> Tensor:
    """Uniform bits, int32.

    Args:
        seed: int32 scalar, >= 0.
        step: int32 scalar, or a vector of steps.
        stream: int32 scalar, or one per step: what the numbers are for.
        count: How many per step; an integer, which on TensorFlow may be a tensor.

    Returns:
        Shape `(count,)`, or `(steps, count)` for a vector of steps.
    """
    return counter.random_bits(*_key_and_step(seed, step, stream), count)


@keras.saving.register_keras_serializable("ganzoo")
def uniform(seed, step, stream, shape) -> Tensor:
    """Uniform in [0, 1): multiples of 2**-24, float32.

    Args:
        seed, step, stream: See `random_bits`.
        shape: The shape for one step; a vector of steps goes before it.
    """
    return counter.uniform(*_key_and_step(seed, step, stream), shape)


@keras.saving.register_keras_serializable("ganzoo")
def normal(seed, step, stream, shape, *, truncation: float = math.inf) -> Tensor:
    """Standard normal, float32; two numbers per word.

    Args:
        seed, step, stream: See `random_bits`.
        shape: The shape for one step; a vector of steps goes before it.
        truncation: Where the distribution is cut off, in standard deviations.
    """
    return counter.normal(*_key_and_step(seed, step, stream), shape, truncation=truncation)


def _key_and_step(seed, step, stream) -> tuple[tuple[Tensor, Tensor], Tensor]:
    return (ops.cast(seed, "int32"), ops.cast(stream, "int32")), ops.cast(step, "int32")
