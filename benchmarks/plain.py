"""The same networks from plain Keras layers, trained as Keras users write a GAN.

It follows Keras' own examples (https://keras.io/examples/generative/dcgan_overriding_train_step/
and https://keras.io/guides/custom_train_step_in_torch/): a `keras.Model` whose `train_step` shows
the discriminator generated and real images in one batch, then updates the generator. Each
backend's `train_step` is in a file of its own, as in Keras' guides.
"""

import importlib

import keras
import numpy as np

import ganzoo.layers


class PlainGAN(keras.Model):
    """Base class for all backends: two networks, two optimizers, a loss and two metrics.

    Args:
        generator: Model from latents to images.
        discriminator: Model from images to logits.
        seed: Seed of the latents.
    """

    def __init__(self, generator: keras.Model, discriminator: keras.Model, seed: int):
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
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

    def latents(self, batch: int):
        """Return normal latents from Keras' own generator, (batch, ...)."""
        return keras.random.normal((batch, *self.latent_shape), seed=self.seed_generator)


def plain_layers(network: keras.Model) -> keras.Model:
    """Copy a network with its weights, with Keras' own layers in place of ganzoo's."""

    def clone(layer):
        kind = type(layer)
        if kind.__module__.startswith(ganzoo.layers.__name__):
            kind = getattr(keras.layers, kind.__name__)
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=clone)
    copy.set_weights([np.array(value) for value in network.get_weights()])
    return copy


def plain_gan(gan, g_optimizer, d_optimizer, *, seed: int) -> PlainGAN:
    """Return a plain Keras GAN with copies of the networks of a ganzoo GAN.

    Args:
        gan: The ganzoo GAN.
        g_optimizer: Keras optimizer of the generator.
        d_optimizer: Keras optimizer of the discriminator.
        seed: Seed of the latents.
    """
    module = importlib.import_module(f"plain_{keras.backend.backend()}")
    plain = module.GAN(plain_layers(gan.generator), plain_layers(gan.discriminator), seed)
    plain.compile(g_optimizer, d_optimizer)
    return plain
