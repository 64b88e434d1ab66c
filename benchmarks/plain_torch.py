"""A GAN in plain Keras on PyTorch. After https://keras.io/guides/custom_train_step_in_torch/."""

import torch
from plain import PlainGAN


class GAN(PlainGAN):
    """`train_step` with `.backward()`."""

    def train_step(self, real):
        real = real[0] if isinstance(real, (tuple, list)) else real
        for part in self.parts(real):
            with torch.no_grad():  # the guide differentiates here too, and throws it away
                fake = self.fake(len(part))
            self.zero_grad()
            d_loss = self.d_loss(part, fake)
            d_loss.backward()
            self._apply(self.d_optimizer, self.discriminator.trainable_variables)

        self.zero_grad()
        fake = self.fake(self.rules.generator_batch * len(part))
        g_loss = self.g_loss(fake, part)
        g_loss.backward()
        self._apply(self.g_optimizer, self.generator.trainable_variables)

        self.d_loss_metric.update_state(d_loss)
        self.g_loss_metric.update_state(g_loss)
        return {"d_loss": self.d_loss_metric.result(), "g_loss": self.g_loss_metric.result()}

    def input_gradients(self, images):
        images = images.detach().requires_grad_(True)
        total = self.discriminator(images, training=True).sum()
        return torch.autograd.grad(total, images, create_graph=True)[0]

    def _apply(self, optimizer, weights) -> None:
        with torch.no_grad():
            optimizer.apply([weight.value.grad for weight in weights], weights)
