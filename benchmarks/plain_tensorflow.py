"""A GAN in plain Keras on TensorFlow.

After https://keras.io/examples/generative/dcgan_overriding_train_step/ and
https://keras.io/examples/generative/wgan_gp/.
"""

import tensorflow as tf
from plain import PlainGAN


class GAN(PlainGAN):
    """`train_step` with gradient tapes."""

    def train_step(self, real):
        for part in self.parts(real):
            batch = tf.shape(part)[0]
            fake = self.fake(batch)
            with tf.GradientTape() as tape:
                d_loss = self.d_loss(part, fake)
            weights = self.discriminator.trainable_variables
            self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)

        with tf.GradientTape() as tape:
            fake = self.fake(self.rules.generator_batch * batch)
            g_loss = self.g_loss(fake, part)
        weights = self.generator.trainable_variables
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)

        self.d_loss_metric.update_state(d_loss)
        self.g_loss_metric.update_state(g_loss)
        return {"d_loss": self.d_loss_metric.result(), "g_loss": self.g_loss_metric.result()}

    def input_gradients(self, images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = self.discriminator(images, training=True)
        return tape.gradient(total, images)
