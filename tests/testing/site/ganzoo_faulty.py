"""Architectures each of which has one fault. `honest` has none."""

import itertools
import math

import keras
import numpy as np
from keras import layers, ops

from ganzoo import GAN
from ganzoo.errors import UsageError

LATENT, UNITS = 6, 8
_COUNT = itertools.count()


def generator(image_shape, *, extra=None, output="tanh", name="pixels", dtype="float32"):
    x = latents = keras.Input((LATENT,), name="latents")
    x = layers.Dense(UNITS, "silu", name="hidden")(x)
    x = x if extra is None else extra(x)
    x = layers.Dense(math.prod(image_shape), output, name=name, dtype=dtype)(x)
    x = layers.Reshape(image_shape, name="image", dtype=dtype)(x)
    return keras.Model(latents, x, name="generator")


def discriminator(image_shape, *, before=None, extra=None, logits=1, hidden=None):
    images = keras.Input(image_shape, name="images")
    x = images if before is None else before(images)
    x = layers.Flatten(name="flatten")(x)
    hidden = hidden or layers.Dense(UNITS, "silu", name="hidden")
    x = hidden(x)
    x = x if extra is None else extra(x)
    x = layers.Dense(logits, name="logit", dtype="float32")(x)
    return keras.Model(images, x, name="discriminator")


def honest(image_shape: tuple[int, int, int]) -> GAN:
    return GAN(generator(image_shape), discriminator(image_shape))


def two_faced(image_shape: tuple[int, int, int]) -> GAN:
    """Computes a little more on JAX than elsewhere."""
    more = layers.Rescaling(1.0 + 2e-5 * (keras.backend.backend() == "jax"), name="more")
    return GAN(generator(image_shape, extra=more), discriminator(image_shape))


# builds ------------------------------------------------------------------------------------


def traceback(image_shape: tuple[int, int, int]) -> GAN:
    """Looks a size up and raises KeyError for others."""
    widths = {8: UNITS}
    return honest(image_shape) if widths[image_shape[0]] else None


def speechless(image_shape: tuple[int, int, int]) -> GAN:
    """Refuses without saying what it received."""
    if image_shape[0] != 8:
        raise UsageError("Wrong size.")
    return honest(image_shape)


def other_shape(image_shape: tuple[int, int, int]) -> GAN:
    """Always makes three channels."""
    return GAN(generator((*image_shape[:2], 3)), discriminator(image_shape))


# separate, names -------------------------------------------------------------------------


def shared_layer(image_shape: tuple[int, int, int]) -> GAN:
    """Both networks have one layer in common."""
    shared = layers.Dense(UNITS, "silu", name="shared")

    def fitted(x):
        return shared(layers.Dense(UNITS, name="fit")(x))

    return GAN(generator(image_shape, extra=fitted), discriminator(image_shape, extra=fitted))


def unnamed(image_shape: tuple[int, int, int]) -> GAN:
    """One layer has no name."""
    return GAN(generator(image_shape, extra=layers.Dense(UNITS)), discriminator(image_shape))


# output ------------------------------------------------------------------------------------


def wrong_type(image_shape: tuple[int, int, int]) -> GAN:
    """Images are float16."""
    return GAN(generator(image_shape, dtype="float16"), discriminator(image_shape))


def wrong_range(image_shape: tuple[int, int, int]) -> GAN:
    """Images from -3 to 3, where -1 to 1 is said."""
    return GAN(generator(image_shape, output=_wide), discriminator(image_shape))


def _wide(x):
    return 3.0 * ops.tanh(x)


class Linear(GAN):
    bounded = False


def linear(image_shape: tuple[int, int, int]) -> GAN:
    """Nothing bounds the images, as in some papers, and it says so: not wrong."""
    return Linear(generator(image_shape, output="linear"), discriminator(image_shape))


def two_logits(image_shape: tuple[int, int, int]) -> GAN:
    """The discriminator gives two numbers."""
    return GAN(generator(image_shape), discriminator(image_shape, logits=2))


# steps, updates, gradients ---------------------------------------------------------------


def fifth_step(image_shape: tuple[int, int, int]) -> GAN:
    """Raises in its fifth step; JAX cannot even trace the question."""

    class Fifth(GAN):
        def step(self, data):
            super().step(data)
            if int(self.steps) == 5:
                raise RuntimeError("enough")

    return Fifth(generator(image_shape), discriminator(image_shape))


def lost_state(image_shape: tuple[int, int, int]) -> GAN:
    """A controller that a loss changes, in a place where the update drops it."""

    class Losing(GAN):
        def __init__(self, *networks, **options):
            super().__init__(*networks, **options)
            self.k = self.add_weight(name="k", initializer="zeros", trainable=False)

        def generator_loss_terms(self, batch, fake, fake_outputs):
            self.k.assign(self.k + 0.125)
            return {}

    return Losing(generator(image_shape), discriminator(image_shape))


def reads_values(image_shape: tuple[int, int, int]) -> GAN:
    """Looks at the brightest pixel in Python, which a traced step cannot."""

    class Reading(GAN):
        def step(self, data):
            float(ops.max(data[0]))
            super().step(data)

    return Reading(generator(image_shape), discriminator(image_shape))


def greedy_update(image_shape: tuple[int, int, int]) -> GAN:
    """The update of the discriminator makes the generator smaller."""

    class Greedy(GAN):
        def discriminator_update(self, batch):
            logs = super().discriminator_update(batch)
            weight = self.generator.trainable_variables[0]
            weight.assign(0.9 * weight)
            return logs

    return Greedy(generator(image_shape), discriminator(image_shape))


def clips_generator(image_shape: tuple[int, int, int]) -> GAN:
    """Clips the weights of both networks after the updates."""

    class Clips(GAN):
        def step(self, data):
            super().step(data)
            for weight in self.trainable_variables:
                weight.assign(ops.clip(weight, -0.1, 0.1))

    return Clips(generator(image_shape), discriminator(image_shape))


def no_gradient(image_shape: tuple[int, int, int]) -> GAN:
    """A layer of the discriminator is cut off from its gradient."""

    def cut(x):
        return x + ops.stop_gradient(layers.Dense(UNITS, name="cut")(x))

    return GAN(generator(image_shape), discriminator(image_shape, extra=cut))


def other_frozen(image_shape: tuple[int, int, int]) -> GAN:
    """Its frozen network has other weights whenever it is built."""
    network = keras.Sequential([keras.Input((2,)), layers.Dense(1, name="fixed")])
    network.set_weights([np.full((2, 1), next(_COUNT), "float32"), np.zeros(1, "float32")])
    networks = generator(image_shape), discriminator(image_shape)
    return GAN(*networks, frozen_networks={"counter": network})


# labels ------------------------------------------------------------------------------------


def ignores_labels(image_shape: tuple[int, int, int], classes: int) -> GAN:
    """The generator takes labels and multiplies them by zero."""
    latents = keras.Input((LATENT,), name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    x = layers.Concatenate(name="both")([latents, 0.0 * ops.one_hot(labels, classes)])
    x = layers.Dense(math.prod(image_shape), "tanh", name="pixels", dtype="float32")(x)
    x = layers.Reshape(image_shape, name="image", dtype="float32")(x)
    return GAN(keras.Model([latents, labels], x, name="generator"), discriminator(image_shape))


# penalties ---------------------------------------------------------------------------------


def bilinear(image_shape: tuple[int, int, int]) -> GAN:
    """The discriminator looks at enlarged images."""
    larger = layers.UpSampling2D(2, interpolation="bilinear", name="larger")

    def before(x):
        return larger(layers.Conv2D(2, 3, activation="silu", padding="same", name="look")(x))

    return GAN(generator(image_shape), discriminator(image_shape, before=before))


def bare_root(image_shape: tuple[int, int, int]) -> GAN:
    """The discriminator looks at the spread over the batch, by a root that may meet zero."""

    def before(x):
        deviation = ops.sqrt(ops.var(x, axis=0, keepdims=True))  # (1, height, width, channels)
        return layers.Concatenate(name="with_spread")([x, ops.zeros_like(x) + deviation])

    return GAN(generator(image_shape), discriminator(image_shape, before=before))


def no_number(image_shape: tuple[int, int, int]) -> GAN:
    """A power whose second derivative at zero is infinite on TensorFlow, times zero. Of flat
    images it is never taken there.
    """
    look = layers.Conv2D(2, 3, name="look")

    def before(x):
        x = look(x)
        return ops.power(ops.relu(x - ops.roll(x, 1, axis=1) + 0.1), 1.5)

    return GAN(generator(image_shape), discriminator(image_shape, before=before))


# seeds, state ------------------------------------------------------------------------------


def unseeded(image_shape: tuple[int, int, int]) -> GAN:
    """Noise on generated samples from Keras' global generator."""

    class Noisy(GAN):
        def generate(self, latents, labels=None):
            samples = super().generate(latents, labels)
            return samples + 0.1 * keras.random.normal(ops.shape(samples))

    return Noisy(generator(image_shape), discriminator(image_shape))


def unseeded_start(image_shape: tuple[int, int, int]) -> GAN:
    """A first weight from NumPy's global generator."""
    start = keras.initializers.Constant(float(np.random.normal()))
    extra = layers.Dense(UNITS, kernel_initializer=start, name="start")
    return GAN(generator(image_shape, extra=extra), discriminator(image_shape))


def plain_attribute(image_shape: tuple[int, int, int]) -> GAN:
    """Keeps the growing weight of a term in an attribute."""

    class Growing(GAN):
        strength = 0.0

        def step(self, data):
            self.strength += 0.1
            super().step(data)

        def generator_loss_terms(self, batch, fake, fake_outputs):
            return {"brightness": self.strength * ops.mean(fake)}

    return Growing(generator(image_shape), discriminator(image_shape))


# precision ---------------------------------------------------------------------------------


def overflows(image_shape: tuple[int, int, int]) -> GAN:
    """A softmax without its largest exponent taken out."""

    def softmax(x):
        powers = ops.exp(20.0 * layers.Dense(UNITS, "tanh", name="scores")(x))
        return powers / ops.sum(powers, axis=-1, keepdims=True)

    return GAN(generator(image_shape, extra=softmax), discriminator(image_shape))


# devices -----------------------------------------------------------------------------------


class Spread(GAN):
    def generator_loss_terms(self, batch, fake, fake_outputs):
        return {"spread": -ops.sqrt(ops.var(fake) + 1e-3)}


def spread(image_shape: tuple[int, int, int]) -> GAN:
    """A root of a statistic of the samples that one device has."""
    return Spread(generator(image_shape), discriminator(image_shape))
