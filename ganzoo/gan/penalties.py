"""Penalties: what keeps the discriminator's slope in bounds.

A penalty is a function of `discriminate`, the real and the fake samples, and returns one
value per sample `(batch,)`, before its weight. `discriminate` maps samples to logits
`(batch,)`. Samples are in the generator's range, floats, any rank.
"""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from ganzoo import backend
from ganzoo.errors import UsageError, unknown
from ganzoo.gan import random
from ganzoo.gan.augmentations.augmentation import checked_pictures
from ganzoo.gan.augmentations.pixels import eighth, mirrored, picked, steps

_TINY = 1e-12  # inside roots: the slope of sqrt at 0 is infinite
_STREAMS = 128  # of a part of a turn
PARTS = random.TURN // _STREAMS  # of a turn: the turn itself, and penalties


class Draw:
    """Random numbers for one turn: each call takes a new stream of (seed, step).

    Args:
        seed, step: int32 scalars.
        turn: Which turn of the step, a Python integer.
        part: Which part of the turn; 0 is the turn itself. See `apart`.
    """

    def __init__(self, seed, step, turn: int, part: int = 0):
        self._where = (seed, step)
        self._turn, self._part = turn, part
        self._stream = random.TURN * (turn + 1) + _STREAMS * part

    def apart(self, part: int) -> "Draw":
        """Numbers of this turn for something that is not computed in every step.

        What is drawn here moves nothing that is drawn elsewhere, whether it is drawn or not.

        Args:
            part: Which thing, from 1 on.
        """
        return Draw(*self._where, self._turn, part)

    def uniform(self, shape):
        """Uniform in [0, 1), float32."""
        self._stream += 1
        return random.uniform(*self._where, self._stream, shape)

    def normal(self, shape):
        """Standard normal, float32."""
        self._stream += 1
        return random.normal(*self._where, self._stream, shape)


class Penalty(NamedTuple):
    """A penalty with its weight and its schedule.

    Args:
        name: The name under which its value is logged.
        function: `(discriminate, real, fake, draw) -> (batch,)`.
        weight: Factor of the mean value in the discriminator's loss.
        every: The penalty is computed at every so many steps only, and counts that much
            more there. Karras et al. 2020, https://arxiv.org/abs/1912.04958, section 3.1.
    """

    name: str
    function: Callable
    weight: float
    every: int = 1


def _squared_norm(x):
    """(batch, ...) -> (batch,)"""
    return ops.sum(ops.square(ops.reshape(x, (ops.shape(x)[0], -1))), axis=1)


def _per_sample(x, like):
    """(batch,) -> (batch, 1, ...), to be multiplied with samples."""
    return ops.reshape(x, (-1,) + (1,) * (len(like.shape) - 1))


def r1(discriminate, real, fake, draw):
    """Half the squared slope at real samples. Mescheder et al. 2018,
    https://arxiv.org/abs/1801.04406, equation 9 (the weight is its gamma).
    """
    return 0.5 * _squared_norm(backend.input_gradients(discriminate, real))


def r2(discriminate, real, fake, draw):
    """Half the squared slope at fake samples. Mescheder et al. 2018, section 4.1."""
    return 0.5 * _squared_norm(backend.input_gradients(discriminate, fake))


def _slope_from_one(discriminate, x):
    slope = ops.sqrt(_squared_norm(backend.input_gradients(discriminate, x)) + _TINY)
    return ops.square(slope - 1.0)


def gradient_penalty(discriminate, real, fake, draw):
    """Slope one between real and fake samples. Gulrajani et al. 2017 (WGAN-GP),
    https://arxiv.org/abs/1704.00028, equation 3; their weight is 10.
    """
    mix = ops.cast(_per_sample(draw.uniform((ops.shape(real)[0],)), real), real.dtype)
    return _slope_from_one(discriminate, real + mix * (fake - real))


def dragan(discriminate, real, fake, draw):
    """Slope one around real samples. Kodali et al. 2017, https://arxiv.org/abs/1705.07215,
    section 2.2: each sample is moved by half the data's standard deviation times noise.
    """
    spread = ops.sqrt(ops.var(real) + _TINY)
    noise = ops.cast(draw.uniform(ops.shape(real)), real.dtype)
    return _slope_from_one(discriminate, real + 0.5 * spread * noise)


def consistency(discriminate, real, fake, draw):
    """The same logit for a picture when it is flipped and shifted. Zhang et al. 2020 (CR),
    https://arxiv.org/abs/1910.12027, equation 5; their weight is 10.

    They shift by a few pixels; here it is up to an eighth of a side, at least one pixel, and
    what comes in at the edge is the picture's mirror image.

    Raises:
        UsageError: the samples are no pictures.
    """
    height, width, _ = checked_pictures(real, "The penalty consistency")
    flip, down, right = ops.unstack(draw.uniform((3, ops.shape(real)[0], 1)), 3)
    rows = ops.arange(height) - steps(down, max(eighth(height), 1))  # (batch, height)
    columns = ops.arange(width) - steps(right, max(eighth(width), 1))
    columns = ops.where(flip < 0.5, width - 1 - columns, columns)
    moved = picked(real, mirrored(rows, height), mirrored(columns, width))
    return ops.square(discriminate(real) - discriminate(moved))


PENALTIES: dict[str, Callable] = {
    "gradient_penalty": gradient_penalty,
    "dragan": dragan,
    "r1": r1,
    "r2": r2,
    "consistency": consistency,
}


def get(name: str, *, weight: float, every: int = 1) -> Penalty:
    """The penalty of that name.

    Raises:
        UnknownName: there is no such penalty.
        UsageError: the weight or the schedule is out of range.
    """
    if name not in PENALTIES:
        raise unknown("penalty", name, PENALTIES)
    if not weight > 0 or every < 1:
        raise UsageError(
            f"The penalty {name!r} needs weight > 0 and every >= 1. "
            f"Received: weight={weight}, every={every}."
        )
    return Penalty(name, PENALTIES[name], float(weight), int(every))


def clip(variables, bound: float) -> None:
    """Clip weights to [-bound, bound], WGAN's way to a bounded slope. Arjovsky et al. 2017,
    https://arxiv.org/abs/1701.07875, algorithm 1, line 7; their bound is 0.01.
    """
    for variable in variables:
        variable.assign(ops.clip(variable, -bound, bound))
