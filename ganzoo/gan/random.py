"""Noise as a function: the same numbers on every backend, with no hidden state.

Block `i` of step `t` is the counter-based generator of `ganzoo/layers/counter.py` at the counter
`(t, i)` under the key `(seed, stream)`. So a latent depends on nothing but these four integers:
not on the backend, the device, the batch before it or the number of processes.
"""

import math

import keras
from keras import ops

from ganzoo.layers import counter

# Streams: one per purpose, so that no two draws of one step share numbers.
LATENTS, SAMPLE = 1, 2
TURN = 1024  # turn k of a step draws from the streams TURN * (k + 1) + 0, 1, 2, ...


def words(seed, step, stream, count: int):
    """Uniform bits, int32.

    Args:
        seed: int32 scalar, >= 0.
        step: int32 scalar, or a vector of steps.
        stream: int32 scalar: what the numbers are for.
        count: How many per step; an integer, which on TensorFlow may be a tensor.

    Returns:
        Shape `(count,)`, or `(steps, count)` for a vector of steps.
    """
    return counter.words(*_place(seed, step, stream), count)


@keras.saving.register_keras_serializable("ganzoo")
def uniform(seed, step, stream, shape):
    """Uniform in [0, 1): multiples of 2**-24, float32. Arguments as of `normal`."""
    return counter.uniform(*_place(seed, step, stream), shape)


@keras.saving.register_keras_serializable("ganzoo")
def normal(seed, step, stream, shape, *, truncation: float = math.inf):
    """Standard normal, float32; two numbers per word.

    Args:
        seed, step, stream: As of `words`.
        shape: The shape for one step; a vector of steps goes before it.
        truncation: Where the distribution is cut off, in standard deviations.
    """
    return counter.normal(*_place(seed, step, stream), shape, truncation=truncation)


def _place(seed, step, stream):
    return (ops.cast(seed, "int32"), ops.cast(stream, "int32")), ops.cast(step, "int32")
