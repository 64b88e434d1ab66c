"""A GAN in plain Keras on JAX, the state threaded by hand.

After https://keras.io/guides/custom_train_step_in_jax/. Keras carries the variables of
`self.optimizer` only, so the discriminator's optimizer has to travel with the model's own.
"""

import jax
import keras
from jax import numpy as jnp
from plain import PlainGAN


class GAN(PlainGAN):
    """`train_step` as a pure function of the state."""

    def compile(self, g_optimizer, d_optimizer) -> None:
        super().compile(g_optimizer, d_optimizer)
        self.d_slots = d_optimizer.variables  # tracked: non-trainable variables of this model

    def train_step(self, state, real):
        trainable, non_trainable, g_slots, means = state
        trained = dict(zip(map(id, self.trainable_variables), trainable, strict=True))
        other = dict(zip(map(id, self.non_trainable_variables), non_trainable, strict=True))
        g_weights = [trained[id(v)] for v in self.generator.trainable_variables]
        d_weights = [trained[id(v)] for v in self.discriminator.trainable_variables]
        g_other = [other[id(v)] for v in self.generator.non_trainable_variables]
        d_other = [other[id(v)] for v in self.discriminator.non_trainable_variables]
        d_slots = [other[id(v)] for v in self.d_optimizer.variables]
        batch = real.shape[0]
        seed = self.seed_generator.state
        with keras.StatelessScope(state_mapping=[(seed, other[id(seed)])]) as scope:
            latents = [self.latents(batch), self.latents(batch)]
        other[id(seed)] = scope.get_current_value(seed)

        fake, g_other = self.generator.stateless_call(g_weights, g_other, latents[0], training=True)
        images = jnp.concatenate([fake, real], axis=0)
        labels = jnp.concatenate([jnp.zeros((batch, 1)), jnp.ones((batch, 1))], axis=0)
        d_step = jax.value_and_grad(self.d_loss, has_aux=True)
        (d_loss, d_other), gradients = d_step(d_weights, d_other, images, labels)
        d_weights, d_slots = self.d_optimizer.stateless_apply(d_slots, gradients, d_weights)

        g_step = jax.value_and_grad(self.g_loss, has_aux=True)
        (g_loss, (g_other, d_other)), gradients = g_step(
            g_weights, g_other, d_weights, d_other, latents[1]
        )
        g_weights, g_slots = self.g_optimizer.stateless_apply(g_slots, gradients, g_weights)

        logs, new_means = {}, []
        for metric, loss in ((self.d_loss_metric, d_loss), (self.g_loss_metric, g_loss)):
            count = len(metric.variables)
            values = metric.stateless_update_state(means[:count], loss)
            logs[metric.name] = metric.stateless_result(values)
            new_means += values
            means = means[count:]

        trained |= self._by_id(self.generator.trainable_variables, g_weights)
        trained |= self._by_id(self.discriminator.trainable_variables, d_weights)
        other |= self._by_id(self.generator.non_trainable_variables, g_other)
        other |= self._by_id(self.discriminator.non_trainable_variables, d_other)
        other |= self._by_id(self.d_optimizer.variables, d_slots)
        trainable = [trained[id(v)] for v in self.trainable_variables]
        non_trainable = [other[id(v)] for v in self.non_trainable_variables]
        return logs, (trainable, non_trainable, g_slots, new_means)

    def d_loss(self, weights, others, images, labels):
        logits, others = self.discriminator.stateless_call(weights, others, images, training=True)
        return self.loss_fn(labels, logits), others

    def g_loss(self, weights, others, d_weights, d_others, latents):
        fake, others = self.generator.stateless_call(weights, others, latents, training=True)
        logits, d_others = self.discriminator.stateless_call(
            d_weights, d_others, fake, training=True
        )
        return self.loss_fn(jnp.ones_like(logits), logits), (others, d_others)

    @staticmethod
    def _by_id(variables, values) -> dict:
        return dict(zip(map(id, variables), values, strict=True))
