"""Dropout. Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html."""

import keras
from keras import ops

from ganzoo import backend
from ganzoo.backend import Tensor, devices


@keras.saving.register_keras_serializable("ganzoo")
class Dropout(keras.layers.Dropout):
    """Keras' layer, which on several devices, or in microbatches, drops what it would drop of the
    whole batch at once.

    Each draws for the whole batch, from the same state, and takes its rows. Arguments and results
    are Keras'.
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the inputs, in training with a share of them set to 0 and the rest scaled up."""
        if not training or not self.rate:
            return super().call(inputs, training=training)
        if devices.has_all_rows():
            return self._dropped(inputs)

        def scales(shape: tuple) -> Tensor:
            return self._dropped(ops.ones(shape, inputs.dtype))

        return inputs * devices.random_rows(scales, ops.shape(inputs))

    def _dropped(self, inputs: Tensor) -> Tensor:
        factors = None
        if self.seed is None and self.noise_shape is None and self.rate < 1:
            factors = backend.dropout_factors(inputs, self.rate)
        return super().call(inputs, training=True) if factors is None else inputs * factors
