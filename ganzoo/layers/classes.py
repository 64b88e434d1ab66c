"""Classes as vectors: one-hot rows and learned embeddings, NaN for a class that does not exist.

Layers with `takes_soft_labels` take soft labels as well: weights of all classes, (batch, classes).
Backends differ in what they make of such a class: another one, zeros, or an error. So they do in
files that were exported.
"""

import keras
from keras import layers, ops

from ganzoo.backend import Tensor


def one_hot(labels: Tensor, classes: int, dtype: str = "float32") -> Tensor:
    """Return one-hot rows: (batch,) integers -> (batch, classes); soft labels as they are."""
    if len(labels.shape) == 2:
        return ops.cast(labels, dtype)
    known, exists = _known(labels, classes)
    return ops.where(exists, ops.one_hot(known, classes, dtype=dtype), float("nan"))


@keras.saving.register_keras_serializable("ganzoo")
class OneHot(layers.Layer):
    """One-hot rows: (batch,) integers -> (batch, classes).

    Args:
        classes: Number of classes.
    """

    takes_soft_labels = True

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def call(self, inputs: Tensor) -> Tensor:
        return one_hot(inputs, self.classes, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.classes)

    def get_config(self) -> dict:
        return {**super().get_config(), "classes": self.classes}


@keras.saving.register_keras_serializable("ganzoo")
class Embedding(layers.Embedding):
    """Learned vectors of classes, as in Keras: (batch,) integers -> (batch, output_dim)."""

    takes_soft_labels = True

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.output_dim)

    def call(self, inputs: Tensor) -> Tensor:
        if len(inputs.shape) == 2:
            return ops.matmul(ops.cast(inputs, self.compute_dtype), self.embeddings)
        known, exists = _known(inputs, self.input_dim)
        return ops.where(exists, super().call(known), float("nan"))


def _known(labels: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Labels of which each exists, and for each row whether it did: (batch, 1)."""
    labels = ops.cast(labels, "int32")
    exists = ops.expand_dims((labels >= 0) & (labels < classes), -1)
    return ops.clip(labels, 0, classes - 1), exists
