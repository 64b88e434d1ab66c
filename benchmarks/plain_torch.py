"""A GAN in plain Keras on PyTorch. After https://keras.io/guides/custom_train_step_in_torch/."""

import torch
from plain import PlainGAN


class GAN(PlainGAN):
    """`train_step` with `.backward()`."""

    def train_step(self, real):
        real = real[0] if isinstance(real, (tuple, list)) else real
        batch = real.shape[0]
        with torch.no_grad():  # the guide differentiates here too, and throws it away
            fake = self.generator(self.latents(batch), training=True)
        images = torch.concat([fake, real], axis=0)
        zeros, ones = torch.zeros((batch, 1)), torch.ones((batch, 1))
        labels = torch.concat([zeros, ones], axis=0).to(images.device)

        self.zero_grad()
        d_loss = self.loss_fn(labels, self.discriminator(images, training=True))
        d_loss.backward()
        self._apply(self.d_optimizer, self.discriminator.trainable_variables)

        self.zero_grad()
        fake = self.generator(self.latents(batch), training=True)
        g_loss = self.loss_fn(ones.to(fake.device), self.discriminator(fake, training=True))
        g_loss.backward()
        self._apply(self.g_optimizer, self.generator.trainable_variables)

        self.d_loss_metric.update_state(d_loss)
        self.g_loss_metric.update_state(g_loss)
        return {"d_loss": self.d_loss_metric.result(), "g_loss": self.g_loss_metric.result()}

    def _apply(self, optimizer, weights) -> None:
        with torch.no_grad():
            optimizer.apply([weight.value.grad for weight in weights], weights)
