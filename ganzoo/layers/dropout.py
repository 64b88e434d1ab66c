"""Dropout. Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html."""

import keras
from keras import ops

from ganzoo.backend import Tensor, devices


@keras.saving.register_keras_serializable("ganzoo")
class Dropout(keras.layers.Dropout):
    """Keras' layer, which on several devices drops what it would drop on one.

    Every process draws for the whole batch, from the same state, and takes its rows. Arguments
    and results are Keras'.
    """

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Return the inputs, in training with a share of them set to 0 and the rest scaled up."""
        if devices.count() == 1 or not training or not self.rate:
            return super().call(inputs, training=training)
        ones = ops.concatenate([ops.ones_like(inputs)] * devices.count())
        return inputs * devices.own(super().call(ones, training=True))
