"""A GAN in plain Keras on JAX, the state threaded by hand.

After https://keras.io/guides/custom_train_step_in_jax/. Keras carries the variables of
`self.optimizer` only, so the discriminator's optimizer has to travel with the model's own.
"""

import jax
import keras
from plain import PlainGAN


class GAN(PlainGAN):
    """`train_step` as a pure function of the state."""

    def compile(self, g_optimizer, d_optimizer) -> None:
        super().compile(g_optimizer, d_optimizer)
        self.d_slots = d_optimizer.variables  # tracked: non-trainable variables of this model

    def train_step(self, state, real):
        trainable, non_trainable, g_slots, means = state
        values = self._by_id(self.trainable_variables, trainable)
        values |= self._by_id(self.non_trainable_variables, non_trainable)
        values |= self._by_id(self.g_optimizer.variables, g_slots)
        for part in self.parts(real):
            d_loss, values = self._d_update(part, values)
        count = self.rules.generator_batch * part.shape[0]
        g_loss, values = self._update(
            self.generator, self.g_optimizer, lambda: self.g_loss(self.fake(count), part), values
        )

        logs, new_means = {}, []
        for metric, loss in ((self.d_loss_metric, d_loss), (self.g_loss_metric, g_loss)):
            size = len(metric.variables)
            new = metric.stateless_update_state(means[:size], loss)
            logs[metric.name] = metric.stateless_result(new)
            new_means += new
            means = means[size:]
        groups = self.trainable_variables, self.non_trainable_variables, self.g_optimizer.variables
        return logs, (*([values[id(v)] for v in group] for group in groups), new_means)

    def input_gradients(self, images):
        return jax.grad(lambda x: self.discriminator(x, training=True).sum())(images)

    def _d_update(self, real, values) -> tuple:
        fake, values = self._evaluate(lambda: self.fake(real.shape[0]), values)
        return self._update(
            self.discriminator, self.d_optimizer, lambda: self.d_loss(real, fake), values
        )

    def _evaluate(self, function, values) -> tuple:
        """The result of a function under these values, and the values after it."""
        variables = [*self.trainable_variables, *self.non_trainable_variables]
        with keras.StatelessScope([(v, values[id(v)]) for v in variables]) as scope:
            result = function()
        return result, values | {id(v): scope.get_current_value(v) for v in variables}

    def _update(self, network, optimizer, loss_fn, values) -> tuple:
        trained, slots = network.trainable_variables, optimizer.variables

        def loss(weights):
            return self._evaluate(loss_fn, values | self._by_id(trained, weights))

        weights = [values[id(v)] for v in trained]
        (value, values), gradients = jax.value_and_grad(loss, has_aux=True)(weights)
        weights, new = optimizer.stateless_apply([values[id(v)] for v in slots], gradients, weights)
        return value, values | self._by_id(trained, weights) | self._by_id(slots, new)

    @staticmethod
    def _by_id(variables, values) -> dict:
        return dict(zip(map(id, variables), values, strict=True))
