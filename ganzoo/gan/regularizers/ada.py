"""Adaptive discriminator augmentation (ADA). Karras et al. 2020,
https://arxiv.org/abs/2006.06676, section 3 and appendix B: the pipeline "bgc", and cutout.

Every transform happens to an image with probability p, which follows how often the discriminator
is sure of real images. `warp.py` states how the filters of the geometric part differ.
Images of one channel have no hue and no saturation; the paper has color images only.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

from keras import ops

from ganzoo.config.contracts import DiscriminatorUpdate
from ganzoo.config.schedules import Schedule
from ganzoo.errors import UsageError
from ganzoo.gan.random import Rng
from ganzoo.gan.regularizers import warp
from ganzoo.gan.regularizers.augmentation import Augmentation, check_images

_OCTAVE = math.log(2.0)  # a factor of 2, as a logarithm


class Ada(Augmentation):
    """Flips, rotations, moves, scaling and color changes, each with probability p.

    Args:
        target: The mean sign of the logits of real images at which p is held, in [0, 1]; above
            it p rises, below it p falls. Section 3: 0.6. With 0, p stays as it is.
        interval: Discriminator updates between two adjustments of p. Section 3: 4.
        ramp_images: Real images in which p can rise from 0 to 1. Section 3: 500,000.
        probability: p at first, in [0, 1]; with a target of 0 also a schedule.
        policy: Some of "blit" (flips, quarter turns, moves by whole pixels), "geometry", "color"
            and "cutout"; the paper's best has the first three.
        color_multiplier: Each change of color happens with this multiple of p, in [0, 1].
    """

    name = "ada"

    def __init__(
        self,
        target: float = 0.6,
        interval: int = 4,
        ramp_images: int = 500_000,
        probability: float | Schedule = 0.0,
        policy: Sequence[str] = ("blit", "geometry", "color"),
        color_multiplier: float = 1.0,
    ):
        self.target, self.interval, self.ramp_images = target, interval, ramp_images
        self.policy = tuple(name for name in (*_MOVES, "color", "cutout") if name in policy)
        self.color_multiplier = color_multiplier
        self.p: Any = probability  # a variable when it is built, unless it is fixed

    def build(self, add_weight, value_range: Sequence[float] = (-1.0, 1.0)) -> None:
        super().build(add_weight, value_range)
        if not self.target:
            return
        p, number = self.p, {"shape": (), "initializer": "zeros", "trainable": False}
        names = ("p", "updates", "images", "signs")
        made = (add_weight(name=f"ada_{n}", dtype="float32", **number) for n in names)
        self.p, self._updates, self._images, self._signs = made
        self.p.assign(p)

    def augment(self, images, rng: Rng):
        *_, channels = check_images(images, "ADA")
        if "color" in self.policy and channels not in (1, 3):
            raise UsageError(
                f"ada changes the colors of images of 1 or 3 channels. Received: {channels}.",
                hint='policy = ["blit", "geometry"] leaves colors alone.',
            )
        p = ops.convert_to_tensor(self.p, "float32")
        # an image to which nothing happens stays as it is, to the bit
        moves = [
            move(images, p, rng.fold_in(name))
            for name, move in _MOVES.items()
            if name in self.policy
        ]
        if moves:
            happened, sources = zip(*moves, strict=True)
            moved = warp.warp_images(images, functools.reduce(warp.compose, sources))
            images = ops.where(_per_image(_any(*happened)), moved, images)
        if "color" in self.policy:
            color_p = self.color_multiplier * p
            happened, changed = recolor(self._center(images), color_p, rng.fold_in("color"))
            images = ops.where(_per_image(happened), self._restore(changed), images)
        if "cutout" in self.policy:
            images = ops.where(hole(images, p, rng.fold_in("cutout")), self._middle, images)
        return images

    def logs(self, update: DiscriminatorUpdate) -> dict:
        if not self.target:
            return {}
        # how often a real image is taken for one: of pairs, for more real than the fake
        return {"d_real_sign": ops.mean(ops.sign(update.real_logits - update.threshold))}

    def after_update(self, logs: dict, count) -> dict:
        """Move p by one adjustment at every `interval` updates. Section 3.

        r_t = E[sign(D_train)], over the real images since p moved last.
        """
        if not self.target:
            return {}
        count = ops.cast(count, "float32")
        updates = self._updates + 1.0
        images = self._images + count
        signs = self._signs + logs["d_real_sign"] * count
        due = updates >= self.interval
        change = ops.sign(signs / images - self.target) * images / self.ramp_images
        self.p.assign(ops.clip(self.p + ops.where(due, change, 0.0), 0.0, 1.0))
        for variable, value in (
            (self._updates, updates), (self._images, images), (self._signs, signs),
        ):  # fmt: skip
            variable.assign(ops.where(due, 0.0, value))
        return {"ada_p": ops.convert_to_tensor(self.p)}


def blit(images, p, rng: Rng):
    """Changes that need no filter: flips, quarter turns, moves by whole pixels. Appendix B.

    Returns:
        Whether anything happens to each image, (batch,), and from where its pixels come.
    """
    height, width = images.shape[1:3]
    a, b, c, flip, quarter, right, down = _random_numbers(rng.uniform, images, 7)
    flips, quarters, moves = a < p, b < p, c < p
    mirror = ops.where(flips, 1.0 - 2.0 * ops.floor(2.0 * flip), 1.0)
    angle = ops.where(quarters, 0.5 * math.pi * ops.floor(4.0 * quarter), 0.0)
    right = ops.where(moves, ops.round((0.25 * right - 0.125) * width), 0.0)
    down = ops.where(moves, ops.round((0.25 * down - 0.125) * height), 0.0)
    undone = (
        warp.scaling(mirror, 1.0),
        warp.rotation(ops.round(ops.cos(angle)), ops.round(ops.sin(angle))),
        warp.translation(-right, -down),
    )
    return _any(flips, quarters, moves), functools.reduce(warp.compose, undone)


def geometry(images, p, rng: Rng):
    """Changes that need a filter: scaling, rotation, moves by any amount. Appendix B.

    Returns:
        Whether anything happens to each image, (batch,), and from where its pixels come.
    """
    height, width = images.shape[1:3]
    a, b, c, d, e, first, second = _random_numbers(rng.uniform, images, 7)
    zoom, stretch, right, down = _random_numbers(rng.normal, images, 4)
    half_p = 1.0 - ops.sqrt(1.0 - p)  # each of two, so that one of them happens with p
    zooms, rotates, stretches, rotates_again, moves = a < p, b < half_p, c < p, d < half_p, e < p
    zoom = ops.where(zooms, ops.exp(0.2 * _OCTAVE * zoom), 1.0)
    stretch = ops.where(stretches, ops.exp(0.2 * _OCTAVE * stretch), 1.0)
    first = ops.where(rotates, math.pi * (2.0 * first - 1.0), 0.0)
    second = ops.where(rotates_again, math.pi * (2.0 * second - 1.0), 0.0)
    right = ops.where(moves, 0.125 * right * width, 0.0)
    down = ops.where(moves, 0.125 * down * height, 0.0)
    undone = (
        warp.scaling(1.0 / zoom, 1.0 / zoom),
        warp.rotation(ops.cos(first), ops.sin(first)),
        warp.scaling(1.0 / stretch, stretch),
        warp.rotation(ops.cos(second), ops.sin(second)),
        warp.translation(-right, -down),
    )
    happened = _any(zooms, rotates, stretches, rotates_again, moves)
    return happened, functools.reduce(warp.compose, undone)


_MOVES = {"blit": blit, "geometry": geometry}


def recolor(x, p, rng: Rng):
    """Brightness, contrast, luma flip, hue and saturation, in this order. Appendix B.

    The paper's product of matrices, multiplied out: all but brightness act on the gray part of
    a color, on what is beside it, or on both.

    Args:
        x: Images in [-1, 1], (batch, height, width, 1 or 3).
        p: Probability of each change.
        rng: Random numbers.

    Returns:
        Whether anything happens to each image, (batch,), and the images.
    """
    colored = x.shape[-1] > 1
    a, b, c, d, e, flip, hue = _random_numbers(rng.uniform, x, 7)
    brightness, contrast, saturation = _random_numbers(rng.normal, x, 3)
    brightens, contrasts, flips = a < p, b < p, c < p
    brightness = _per_image(ops.where(brightens, 0.2 * brightness, 0.0))
    contrast = _per_image(ops.where(contrasts, ops.exp(0.5 * _OCTAVE * contrast), 1.0))
    sign = _per_image(ops.where(flips, 1.0 - 2.0 * ops.floor(2.0 * flip), 1.0))
    gray = ops.mean(x, axis=3, keepdims=True) if colored else x
    lit = sign * contrast * (gray + brightness)
    if not colored:
        return _any(brightens, contrasts, flips), lit
    rotates, saturates = d < p, e < p
    hue = _per_image(ops.where(rotates, math.pi * (2.0 * hue - 1.0), 0.0))
    saturation = _per_image(ops.where(saturates, ops.exp(_OCTAVE * saturation), 1.0))
    chroma = x - gray
    # the cross product with the gray axis (1, 1, 1) / sqrt(3)
    across = (ops.roll(chroma, 1, axis=3) - ops.roll(chroma, -1, axis=3)) * 3.0**-0.5
    rotated = ops.cos(hue) * chroma + ops.sin(hue) * across
    changed = lit + contrast * saturation * rotated
    return _any(brightens, contrasts, flips, rotates, saturates), changed


def hole(images, p, rng: Rng):
    """The pixels of a gap of half the sides around any place: (batch, h, w, 1). Appendix B."""
    a, *centers = _random_numbers(rng.uniform, images, 3)
    rows, columns = (
        ops.abs((ops.arange(size, dtype="float32") + 0.5) / size - center[:, None]) < 0.25
        for center, size in zip(centers, images.shape[1:3], strict=True)
    )
    return (rows[:, :, None] & columns[:, None, :])[..., None] & _per_image(a < p)


def _random_numbers(kind, images, count: int) -> list:
    """So many random numbers for each image, (batch,) each."""
    return ops.unstack(kind("numbers", (count, ops.shape(images)[0]), batch_axis=1), count)


def _any(*happened):
    return functools.reduce(ops.logical_or, happened)


def _per_image(x):
    """(batch,) -> (batch, 1, 1, 1), beside images."""
    return ops.reshape(x, (-1, 1, 1, 1))
