import numpy as np
import pytest
from lazy_keras import keras, ops

PATTERN = np.random.default_rng(0).normal(0, 0.5, 997).astype("float32")
RANDOM = ("RandomNormal", "TruncatedNormal", "RandomUniform", "VarianceScaling", "Orthogonal")


@pytest.fixture
def cheap_weights(monkeypatch):
    """Random weights that nobody draws, which takes minutes for the millions of a large GAN."""

    def repeated(self, shape, dtype=None, **_):
        return ops.convert_to_tensor(np.resize(PATTERN, shape), dtype)

    for name in RANDOM:
        monkeypatch.setattr(getattr(keras.initializers, name), "__call__", repeated)
