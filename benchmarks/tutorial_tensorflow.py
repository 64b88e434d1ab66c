"""The structure of TensorFlow's DCGAN tutorial: Keras networks, two tapes in one `tf.function`.

https://www.tensorflow.org/tutorials/generative/dcgan: one generated batch for both losses, the
gradients of both networks before either is updated, Keras' Adam, images from a `tf.data.Dataset`
of float32. No average.
"""

import keras
import tensorflow as tf
from plain import plain_layers


def tutorial(gan, recipe, images):
    """A function that trains for one round."""
    generator, discriminator = plain_layers(gan.generator), plain_layers(gan.discriminator)
    batch, size = recipe.training.batch, gan.sampler.latent_shape[0]
    g_optimizer, d_optimizer = keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    floats = (images.astype("float32") - 127.5) / 127.5
    dataset = tf.data.Dataset.from_tensor_slices(floats).shuffle(len(floats)).batch(batch)

    @tf.function
    def train_step(real):
        noise = tf.random.normal([batch, size])
        with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
            fake = generator(noise, training=True)
            real_output = discriminator(real, training=True)
            fake_output = discriminator(fake, training=True)
            g_loss = entropy(tf.ones_like(fake_output), fake_output)
            real_loss = entropy(tf.ones_like(real_output), real_output)
            d_loss = real_loss + entropy(tf.zeros_like(fake_output), fake_output)
        g_gradients = g_tape.gradient(g_loss, generator.trainable_variables)
        d_gradients = d_tape.gradient(d_loss, discriminator.trainable_variables)
        g_optimizer.apply_gradients(zip(g_gradients, generator.trainable_variables, strict=True))
        d_optimizer.apply_gradients(
            zip(d_gradients, discriminator.trainable_variables, strict=True)
        )

    def train():
        for real in dataset:
            train_step(real)
        discriminator.trainable_variables[0].numpy()  # all is done

    return train
