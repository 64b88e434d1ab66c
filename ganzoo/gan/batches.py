"""Batches of a training step: one for each update of a network."""

from typing import Any, NamedTuple

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor, devices
from ganzoo.errors import UsageError
from ganzoo.gan.fitting.fit_checks import usable_batch
from ganzoo.gan.random import Rng, stream


class Batch(NamedTuple):
    """The data of one update of a network.

    Args:
        real: Real samples in the GAN's `value_range`, float32, (batch, ...).
        latents: (batch, ...) from the prior.
        labels: (batch, ...), or None. Images as labels are float32 in `value_range`.
        rng: Random numbers of this update.
    """

    real: Tensor
    latents: Tensor
    labels: Tensor
    rng: Rng

    @property
    def size(self) -> Tensor:
        """Number of samples, of all devices; an integer, which on TensorFlow may be a tensor."""
        return ops.shape(self.real)[0] * devices.count()


def microbatch(*values: Any) -> list:
    """Batches, and tensors of as many rows or lists of them; where gradients are accumulated, the
    rows of the microbatch that is computed now.
    """
    return [
        _rows_of(value)
        if isinstance(value, Batch)
        else keras.tree.map_structure(devices.microbatch, value)
        for value in values
    ]


def _rows_of(batch: Batch) -> Batch:
    real, latents, labels = microbatch(batch.real, batch.latents, batch.labels)
    return batch._replace(real=real, latents=latents, labels=labels)


def training_batches(gan: Any, data: tuple[Tensor, ...]) -> list[Batch]:
    """A batch for each update of the discriminator in a step, and one for the generator.

    Args:
        gan: A compiled `GAN`.
        data: `(images,)` or `(images, labels)`, `critic_updates * batch` of each.

    Raises:
        UsageError: the GAN needs labels and there are none.
    """
    images, labels = (*data, None)[:2]
    if gan.label_shape is not None and labels is None:
        raise UsageError("This GAN is conditional: `fit` needs images and labels.")
    images, labels = usable_batch(gan, images, labels)
    _check_rows(images, gan)
    images, labels = (x if x is None else devices.arranged(x) for x in (images, labels))
    updates, multiple = gan.config.critic_updates, gan.config.generator_batch
    real = split_batch(images, updates)
    labels = [None] * updates if labels is None else split_batch(labels, updates)
    names = [*(f"discriminator_{i}" for i in range(updates)), "generator"]

    # one draw for all: each has a stream of its own
    own = names[:-1] if gan.config.share_fake_latents else names
    own = [*own, *(f"generator_{i}" for i in range(1, multiple))]
    streams = ops.convert_to_tensor([stream(name, "latents") for name in own], "int32")
    shape = (len(own), ops.shape(real[0])[0], *gan.sampler.latent_shape)
    steps = ops.zeros_like(streams) + gan.steps
    latents = devices.random_rows(
        lambda shape: gan.prior(gan.seed, steps, streams, shape[1:]), shape, axis=1
    )
    latents = list(ops.unstack(latents, len(own)))
    if gan.config.share_fake_latents:
        latents.insert(updates, latents[updates - 1])

    rng = Rng(gan.seed, gan.steps)
    last = real[-1], labels[-1]
    if multiple > 1:
        latents[updates:] = [ops.concatenate(latents[updates:])]
        last = _repeated(gan, *last, rng.fold_in(names[-1]))
    parts = zip([*real, last[0]], latents, [*labels, last[1]], names, strict=True)
    return [Batch(x, z, y, rng.fold_in(name)) for x, z, y, name in parts]


def _check_rows(images: Tensor, gan: Any) -> None:
    rows, parts = images.shape[0], gan.accumulation_steps * gan.config.critic_updates
    if gan.accumulation_steps > 1 and rows is not None and rows % parts:
        raise UsageError(
            "Each batch must be a multiple of gradient_accumulation_steps, "
            f"{gan.accumulation_steps}. Received: {rows / gan.config.critic_updates:g} samples for "
            "an update of the discriminator."
        )


def _repeated(gan: Any, real: Tensor, labels: Tensor, rng: Rng) -> tuple[Tensor, Tensor]:
    """Real samples and labels for the generator's batch of `generator_batch` times as many.

    Classes are drawn, as in the code of Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637;
    other labels, and those of real samples that a loss compares with, are repeated.
    """
    real = ops.concatenate([real] * gan.config.generator_batch)
    if labels is None:
        return real, None
    if gan.num_classes and gan.label_shape == () and not gan.adversarial_loss.paired:
        shape = (gan.config.generator_batch, ops.shape(labels)[0])
        numbers = ops.reshape(rng.uniform("labels", shape, batch_axis=1), (-1,))
        return real, ops.cast(numbers * gan.num_classes, labels.dtype)
    return real, ops.concatenate([labels] * gan.config.generator_batch)


def split_batch(x: Tensor, parts: int) -> list:
    """Split (parts * n, ...) into parts of n; where fewer than `parts` came, they are repeated."""
    count = ops.shape(x)[0]
    known = isinstance(count, int)  # not in TensorFlow's `fit` with arrays: a tensor
    size = max(count // parts, 1) if known else ops.maximum(count // parts, 1)
    if not known or count < parts:  # the rest of an epoch goes round once more
        x = ops.take(x, ops.arange(size * parts) % count, axis=0)
    # by reshape, not by slices: under data parallelism slices would move data
    x = backend.reshape(x[: size * parts], (size, parts, *x.shape[1:]))
    return [x[:, part] for part in range(parts)]
