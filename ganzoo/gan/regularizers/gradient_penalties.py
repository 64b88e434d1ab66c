"""Gradient penalties: bounds of the discriminator's slope.

Each function takes an update of the discriminator, the function `discriminate` from samples to
logits `(batch,)`, and random numbers, and returns one value per sample `(batch,)`, before its
weight. Samples are floats in the generator's range, of any rank.
"""

from collections.abc import Callable

from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor, devices
from ganzoo.backend.scope import WriteCapture
from ganzoo.config.contracts import DiscriminatorUpdate, Regularizer
from ganzoo.config.schedules import Schedule
from ganzoo.gan.random import Rng

_TINY = 1e-12  # inside roots: the slope of sqrt at 0 is infinite


class Penalty(Regularizer):
    """The mean of a function of the discriminator, computed at every `every` steps.

    Where it is computed, it counts `every` times more. Lazy regularization: Karras et al. 2020,
    https://arxiv.org/abs/1912.04958, section 3.1.

    Args:
        function: `(update, discriminate, rng) -> (batch,)`; it is logged under its name.
        weight: Factor of the mean in the discriminator's loss.
        every: Interval in steps.
    """

    def __init__(self, function: Callable, *, weight: float | Schedule, every: int = 1):
        self.function, self.weight, self.every = function, weight, every
        self.name = function.__name__

    def terms(self, update: DiscriminatorUpdate) -> dict:
        rng = update.rng.fold_in(self.name)

        def discriminate(samples):
            return update.discriminate(samples, rng)

        def value() -> Tensor:
            with WriteCapture():  # statistics of batch norm do not move here
                values = self.function(update, discriminate, rng)
            return self.every * ops.mean(values)

        if self.every == 1:
            return {self.name: value()}
        due = backend.is_due(update.step, self.every)
        return {self.name: backend.lazy_cond(due, value, lambda: ops.zeros((), "float32"))}


def _squared_norm(x):
    """(batch, ...) -> (batch,)"""
    return ops.sum(ops.square(backend.reshape(x, (ops.shape(x)[0], -1))), axis=1)


def _per_sample(x, like):
    """(batch,) -> (batch, 1, ...), to be multiplied with samples."""
    return backend.reshape(x, (-1,) + (1,) * (len(like.shape) - 1))


def r1(update: DiscriminatorUpdate, discriminate, rng: Rng) -> Tensor:
    """Half the squared gradient norm at real samples. Mescheder et al. 2018,
    https://arxiv.org/abs/1801.04406, equation 9 (the weight is its gamma).
    """
    return 0.5 * _squared_norm(backend.input_gradients(discriminate, update.real))


def r2(update: DiscriminatorUpdate, discriminate, rng: Rng) -> Tensor:
    """Half the squared gradient norm at fake samples. Mescheder et al. 2018, section 4.1."""
    return 0.5 * _squared_norm(backend.input_gradients(discriminate, update.fake))


def _distance_from_norm_one(discriminate, x):
    norm = ops.sqrt(_squared_norm(backend.input_gradients(discriminate, x)) + _TINY)
    return ops.square(norm - 1.0)


def gradient_penalty(update: DiscriminatorUpdate, discriminate, rng: Rng) -> Tensor:
    """Gradient norm 1 between real and fake samples. Gulrajani et al. 2017 (WGAN-GP),
    https://arxiv.org/abs/1704.00028, equation 3; their weight is 10.
    """
    real, fake = update.real, update.fake
    mix = ops.cast(_per_sample(rng.uniform("mix", (ops.shape(real)[0],)), real), real.dtype)
    return _distance_from_norm_one(discriminate, real + mix * (fake - real))


def dragan(update: DiscriminatorUpdate, discriminate, rng: Rng) -> Tensor:
    """Gradient norm 1 around real samples. Kodali et al. 2017, https://arxiv.org/abs/1705.07215,
    section 2.2: each sample is moved by half the data's standard deviation times noise.
    """
    real = update.real
    off = ops.mean(real) - devices.mean(ops.mean(real))  # 0 on one device
    spread = ops.sqrt(devices.mean(ops.var(real) + ops.square(off)) + _TINY)
    noise = ops.cast(rng.uniform("noise", ops.shape(real)), real.dtype)
    return _distance_from_norm_one(discriminate, real + 0.5 * spread * noise)
