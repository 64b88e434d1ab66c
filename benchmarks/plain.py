"""The same networks from plain Keras layers, trained as Keras users write a GAN.

It follows Keras' own examples (https://keras.io/examples/generative/dcgan_overriding_train_step/,
https://keras.io/examples/generative/wgan_gp/ and
https://keras.io/guides/custom_train_step_in_torch/): a `keras.Model` whose `train_step` updates
the discriminator `n_critic` times and then the generator. Each backend's `train_step` is in a file
of its own, as in Keras' guides.
"""

import importlib

import keras
import numpy as np
from keras import ops

import ganzoo.layers

_LOSSES = {
    "wasserstein": (lambda real, fake: fake - real, lambda fake, real: -fake),
    "hinge": (
        lambda real, fake: ops.relu(1.0 - real) + ops.relu(1.0 + fake),
        lambda fake, real: -fake,
    ),
    "relativistic": (
        lambda real, fake: ops.softplus(fake - real),
        lambda fake, real: ops.softplus(real - fake),
    ),
}


class PlainGAN(keras.Model):
    """Base class for all backends: two networks, two optimizers, losses and two metrics.

    Args:
        generator: Model from latents to images.
        discriminator: Model from images to logits.
        rules: The table `[gan]` of the recipe: loss, penalties, n_critic, generator_batch.
        seed: Seed of the latents.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, rules, seed: int):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.rules = rules
        self.penalties = [(table.name, table.weight) for table in rules.regularizers]
        self.latent_shape = generator.inputs[0].shape[1:]
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.d_loss_metric = keras.metrics.Mean(name="d_loss")
        self.g_loss_metric = keras.metrics.Mean(name="g_loss")
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
        self.built = True

    def compile(self, g_optimizer, d_optimizer) -> None:
        """Compile with Keras' defaults, of XLA as well."""
        super().compile(optimizer=g_optimizer)
        self.g_optimizer = g_optimizer
        self.d_optimizer = d_optimizer
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)

    @property
    def metrics(self) -> list:
        return [self.d_loss_metric, self.g_loss_metric]

    def parts(self, real) -> list:
        """The batches of the discriminator's updates."""
        return ops.split(real, self.rules.critic_updates)

    def fake(self, batch):
        """Generated images of normal latents from Keras' own generator, `batch` of them."""
        shape = (batch, *self.latent_shape)
        latents = keras.random.normal(shape, seed=self.seed_generator)
        return self.generator(latents, training=True)

    def d_loss(self, real, fake):
        """The discriminator's loss: binary cross-entropy sees both kinds of images at once."""
        if self.rules.loss == "non_saturating":
            images = ops.concatenate([fake, real])
            zeros, ones = ops.zeros_like(fake[:, :1, 0, 0]), ops.ones_like(real[:, :1, 0, 0])
            labels = ops.concatenate([zeros, ones])
            return self.loss_fn(labels, self.discriminator(images, training=True))
        logits = (self.discriminator(images, training=True) for images in (real, fake))
        loss = ops.mean(_LOSSES[self.rules.loss][0](*logits))
        for name, weight in self.penalties:
            loss = loss + weight * self.penalty(name, real, fake)
        return loss

    def penalty(self, name: str, real, fake):
        """A mean over images of their squared slope, or of its distance from 1."""
        images = {"r1": real, "r2": fake}.get(name)
        if images is None:
            shape = (ops.shape(real)[0], 1, 1, 1)
            mix = keras.random.uniform(shape, seed=self.seed_generator)
            images = real + mix * (fake - real)
        squares = ops.sum(ops.square(self.input_gradients(images)), axis=(1, 2, 3))
        if name == "gradient_penalty":
            return ops.mean(ops.square(ops.sqrt(squares + 1e-12) - 1.0))
        return 0.5 * ops.mean(squares)

    def g_loss(self, fake, real):
        """The generator's loss."""
        logits = self.discriminator(fake, training=True)
        if self.rules.loss == "non_saturating":
            return self.loss_fn(ops.ones_like(logits), logits)
        paired = self.rules.loss == "relativistic"
        real_logits = self.discriminator(real, training=True) if paired else None
        return ops.mean(_LOSSES[self.rules.loss][1](logits, real_logits))


def plain_layers(network: keras.Model) -> keras.Model:
    """Copy a network with its weights, with Keras' own layers in place of ganzoo's.

    What Keras has no layer for stays, and so does spectral normalization, which trains otherwise
    in Keras; the convolution in it is Keras'.
    """

    def clone(layer):
        kind = type(layer)
        if isinstance(layer, ganzoo.layers.SpectralNormalization):
            return kind(clone(layer.layer), layer.iterations)
        if kind.__module__.startswith(ganzoo.layers.__name__):
            kind = getattr(keras.layers, kind.__name__, kind)
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=clone)
    copy.set_weights([np.array(value) for value in network.get_weights()])
    return copy


def plain_gan(gan, g_optimizer, d_optimizer, *, rules, seed: int) -> PlainGAN:
    """Return a plain Keras GAN with copies of the networks of a ganzoo GAN.

    Args:
        gan: The ganzoo GAN.
        g_optimizer: Keras optimizer of the generator.
        d_optimizer: Keras optimizer of the discriminator.
        rules: The table `[gan]` of the recipe.
        seed: Seed of the latents.
    """
    module = importlib.import_module(f"plain_{keras.backend.backend()}")
    networks = plain_layers(gan.generator), plain_layers(gan.discriminator)
    plain = module.GAN(*networks, rules, seed)
    plain.compile(g_optimizer, d_optimizer)
    return plain
