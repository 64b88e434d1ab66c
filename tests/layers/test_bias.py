import numpy as np
import pytest
from calculus import agrees, comes_back, filled, values

import ganzoo

pytestmark = pytest.mark.backend


def build(**options):
    layer = ganzoo.layers.Bias(**options)
    layer.build((None, 2, 2, 3))
    return layer


def test_each_channel_gets_its_number():
    layer, x = build(), np.arange(12.0).reshape(1, 2, 2, 3)
    np.testing.assert_array_equal(values(layer, x), x)
    layer.bias.assign([1.0, -2.0, 0.5])
    y = values(layer, x)
    np.testing.assert_array_equal(y[0, 0], [[1.0, -1.0, 2.5], [4.0, 2.0, 5.5]])


def test_values_and_both_derivatives_are_those_of_the_definition():
    x = np.random.default_rng(0).normal(size=(2, 2, 2, 3))
    agrees(filled(build()), lambda x, bias: x + bias, [x])


def test_it_comes_back_from_its_configuration():
    comes_back(build(), np.ones((2, 2, 2, 3)))
