"""The opponent: the same networks of plain Keras layers, as a Keras user writes a GAN.

It follows Keras' own examples (https://keras.io/examples/generative/dcgan_overriding_train_step/
and https://keras.io/guides/custom_train_step_in_torch/): a `keras.Model` whose `train_step` shows
the discriminator fakes and real images in one batch, then updates the generator. Each
backend's `train_step` is in a file of its own, as Keras' guides have it.
"""

import importlib

import keras
import numpy as np

import ganzoo.layers


class PlainGAN(keras.Model):
    """What the three share: two networks, two optimizers, a loss and two means.

    Args:
        generator: Latents -> images.
        discriminator: Images -> logits.
        seed: Of the latents.
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
        """XLA and everything else is left to Keras, as `compile()` does by default."""
        super().compile(optimizer=g_optimizer)
        self.g_optimizer = g_optimizer
        self.d_optimizer = d_optimizer
        g_optimizer.build(self.generator.trainable_variables)
        d_optimizer.build(self.discriminator.trainable_variables)

    @property
    def metrics(self) -> list:
        return [self.d_loss_metric, self.g_loss_metric]

    def latents(self, batch: int):
        """Keras' own noise, (batch, ...)."""
        return keras.random.normal((batch, *self.latent_shape), seed=self.seed_generator)


def plain_layers(network: keras.Model) -> keras.Model:
    """A copy of a network, weights included, in which ganzoo's layers are Keras' again."""

    def clone(layer):
        kind = type(layer)
        if kind.__module__.startswith(ganzoo.layers.__name__):
            kind = getattr(keras.layers, kind.__name__)
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=clone)
    copy.set_weights([np.array(value) for value in network.get_weights()])
    return copy


def plain_gan(gan, g_optimizer, d_optimizer, *, seed: int) -> PlainGAN:
    """The opponent of a ganzoo GAN on the backend in use: its networks, plain `fit`.

    Args:
        gan: Whose networks are copied.
        g_optimizer: A Keras optimizer.
        d_optimizer: Another.
        seed: Of the latents.
    """
    module = importlib.import_module(f"plain_{keras.backend.backend()}")
    plain = module.GAN(plain_layers(gan.generator), plain_layers(gan.discriminator), seed)
    plain.compile(g_optimizer, d_optimizer)
    return plain
