import numpy as np
import pytest
from calculus import agrees, comes_back
from lazy_keras import keras, tensor, to_numpy

import ganzoo

pytestmark = pytest.mark.backend


def reference(x):
    """Equation 4 for a factor of 2, channels in PyTorch's order."""
    batch, h, w, c = x.shape
    found = np.zeros((batch, 2 * h, 2 * w, c // 4))
    for row, column, channel in np.ndindex(2 * h, 2 * w, c // 4):
        index = channel * 4 + row % 2 * 2 + column % 2
        found[:, row, column, channel] = x[:, row // 2, column // 2, index]
    return found


def build(factor=2):
    return ganzoo.layers.PixelShuffle(factor)


def test_values_and_both_derivatives_are_those_of_the_definition():
    agrees(build(), reference, [np.random.default_rng(0).normal(size=(2, 3, 2, 8))])


def test_it_takes_images_of_any_size_and_comes_back():
    images = keras.Input((None, None, 12))
    model = keras.Model(images, build()(images))
    assert model.output.shape == (None, None, None, 3)
    for h, w in ((2, 3), (5, 1)):
        x = np.random.default_rng(h).normal(size=(1, h, w, 12)).astype("float32")
        np.testing.assert_array_equal(to_numpy(model(tensor(x))), reference(x).astype("float32"))
    comes_back(build(), np.ones((2, 3, 3, 4)))


def test_channels_that_are_no_multiple_are_refused():
    with pytest.raises(ValueError, match="multiple of 4. Received: 6"):
        build()(np.ones((1, 2, 2, 6), "float32"))
    with pytest.raises(ValueError, match="at least 1. Received: 0"):
        build(0)
