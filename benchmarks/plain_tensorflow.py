"""A GAN in plain Keras on TensorFlow.

After https://keras.io/examples/generative/dcgan_overriding_train_step/.
"""

import tensorflow as tf
from plain import PlainGAN


class GAN(PlainGAN):
    """`train_step` with gradient tapes."""

    def train_step(self, real):
        batch = tf.shape(real)[0]
        fake = self.generator(self.latents(batch), training=True)
        images = tf.concat([fake, real], axis=0)
        labels = tf.concat([tf.zeros((batch, 1)), tf.ones((batch, 1))], axis=0)

        with tf.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(images, training=True))
        weights = self.discriminator.trainable_variables
        self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)

        latents = self.latents(batch)
        with tf.GradientTape() as tape:
            logits = self.discriminator(self.generator(latents, training=True), training=True)
            g_loss = self.loss_fn(tf.ones((batch, 1)), logits)
        weights = self.generator.trainable_variables
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)

        self.d_loss_metric.update_state(d_loss)
        self.g_loss_metric.update_state(g_loss)
        return {"d_loss": self.d_loss_metric.result(), "g_loss": self.g_loss_metric.result()}
